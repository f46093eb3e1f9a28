import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** Answer of a station at `/health`. */
export interface HealthAnswer {
  readonly ok: boolean;
  /** Its clock, in milliseconds since the epoch. */
  readonly date: number | undefined;
}

/** Requests `/health` of a station. @returns undefined if there is no answer within `timeoutMs` */
export function askHealth(
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls: boolean },
  timeoutMs: number,
): Promise<HealthAnswer | undefined> {
  return new Promise((resolve) => {
    const onAnswer = (response: IncomingMessage): void => {
      // The status is enough; the body is not read.
      response.destroy();
      const date = Date.parse(response.headers.date ?? '');
      const { statusCode = 0 } = response;
      const known = statusCode === 200 || statusCode === 503;
      const answer = { ok: statusCode === 200, date: Number.isNaN(date) ? undefined : date };
      resolve(known ? answer : undefined);
    };
    const options = { host, port, path: '/health', agent: false, timeout: timeoutMs };
    // This only checks whether the station answers, so any certificate is accepted.
    const request = tls
      ? requestHttps({ ...options, rejectUnauthorized: false }, onAnswer)
      : requestHttp(options, onAnswer);
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.end();
  });
}
