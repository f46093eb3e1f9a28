import type { IncomingMessage } from 'node:http';
import type { FileContext } from './file-context.ts';

/** Milliseconds in which an upload may be as slow as it likes. */
const GRACE = 30_000;

/** The body of an upload. Who holds a place that others could use, and brings next to nothing, is disconnected. */
export async function* uploadBody(
  request: IncomingMessage,
  { clock, limits }: Pick<FileContext, 'clock' | 'limits'>,
): AsyncGenerator<Uint8Array> {
  const began = clock.now();
  let received = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    yield piece as Uint8Array;
    received += (piece as Uint8Array).length;
    const time = clock.now() - began;
    if (time > GRACE && received < (time / 1000) * limits.minBytesPerSecond) request.destroy();
  }
}

/** Whether the client has gone, or was made to go, before the end of the body. */
export function hasGone(request: IncomingMessage): boolean {
  return request.errored !== null || (request.destroyed && !request.complete);
}
