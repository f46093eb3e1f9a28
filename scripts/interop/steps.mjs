/** Prints a line for each step of an interoperability run, and counts. */
export class Steps {
  passed = 0;
  failed = 0;

  /**
   * @param {string} name
   * @param {boolean} ok
   * @param {unknown} [detail]
   */
  note(name, ok, detail = '') {
    if (ok) this.passed += 1;
    else this.failed += 1;
    const text = typeof detail === 'string' ? detail : JSON.stringify(detail);
    console.log(`${ok ? 'ok      ' : 'FAILED  '}${name}${text === '' ? '' : `  ${text}`}`);
  }

  /**
   * Runs a step. A step that throws has failed.
   *
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} task
   * @param {(value: T) => unknown} [describe]
   * @returns {Promise<T | undefined>}
   */
  async run(name, task, describe = () => '') {
    try {
      const value = await task();
      this.note(name, true, describe(value));
      return value;
    } catch (error) {
      const code = /** @type {{ code?: string }} */ (error).code;
      this.note(name, false, code ?? (error instanceof Error ? error.message : String(error)));
      return undefined;
    }
  }
}

/**
 * Waits until a condition holds.
 *
 * @template T
 * @param {() => T | undefined | false} look
 * @param {number} [patience] milliseconds
 * @returns {Promise<T>}
 */
export async function eventually(look, patience = 20_000) {
  const end = Date.now() + patience;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`the condition did not hold within ${patience / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
