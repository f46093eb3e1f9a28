/** What a check has found. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Makes the findings of one check. */
export interface Reporter {
  ok(message: string): Finding;
  warn(message: string, fix: string): Finding;
  fail(message: string, fix: string): Finding;
}

/** @param check - its name, one word */
export function reporter(check: string): Reporter {
  return {
    ok: (message) => ({ check, state: 'ok', message }),
    warn: (message, fix) => ({ check, state: 'warn', message, fix }),
    fail: (message, fix) => ({ check, state: 'fail', message, fix }),
  };
}
