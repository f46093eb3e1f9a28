import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** What a station says at `/health`. */
export interface HealthAnswer {
  readonly ok: boolean;
  /** Its clock, in milliseconds since the epoch. */
  readonly date: number | undefined;
}

/**
 * Asks a station how it is.
 *
 * @param patience - milliseconds
 * @returns undefined if it does not answer
 */
export function askHealth(
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls: boolean },
  patience: number,
): Promise<HealthAnswer | undefined> {
  return new Promise((resolve) => {
    const onAnswer = (response: IncomingMessage): void => {
      // How it is says the status; the rest need not be read.
      response.destroy();
      const date = Date.parse(response.headers.date ?? '');
      const { statusCode = 0 } = response;
      const known = statusCode === 200 || statusCode === 503;
      const answer = { ok: statusCode === 200, date: Number.isNaN(date) ? undefined : date };
      resolve(known ? answer : undefined);
    };
    const options = { host, port, path: '/health', agent: false, timeout: patience };
    // Whether it answers is the question, not whose certificate it has.
    const request = tls
      ? requestHttps({ ...options, rejectUnauthorized: false }, onAnswer)
      : requestHttp(options, onAnswer);
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.end();
  });
}
