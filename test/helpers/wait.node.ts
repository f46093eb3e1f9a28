/**
 * Waits until a condition holds, which is checked every 20 ms.
 *
 * @throws `Error` after `timeoutMs`
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`the condition does not hold after ${timeoutMs} ms`);
    await sleep(20);
  }
}

/** Waits for some time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
