/** Result of a check. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What the operator should do. */
  readonly fix?: string;
}

/** Creates the findings of one check. */
export interface Reporter {
  ok(message: string): Finding;
  warn(message: string, fix: string): Finding;
  fail(message: string, fix: string): Finding;
}

/** Creates the reporter of a check. @param check - its name, one word */
export function reporter(check: string): Reporter {
  return {
    ok: (message) => ({ check, state: 'ok', message }),
    warn: (message, fix) => ({ check, state: 'warn', message, fix }),
    fail: (message, fix) => ({ check, state: 'fail', message, fix }),
  };
}
