import type { IncomingMessage } from 'node:http';
import type { FileContext } from './file-context.ts';

/** The body of an upload. Its bytes are counted for the minimum speed. */
export async function* uploadBody(
  request: IncomingMessage,
  { admission }: Pick<FileContext, 'admission'>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    yield piece as Uint8Array;
    admission.received(request, (piece as Uint8Array).length);
  }
}

/** Whether the connection has ended before the body. */
export function hasGone(request: IncomingMessage): boolean {
  return request.errored !== null || (request.destroyed && !request.complete);
}
