import { utf8Encode } from '@dimp/foundation';
import { encodeFrame, MtpDecoder, TransactionIds } from '@dimp/transport-tcp/mtp';
import type { Suite } from './suite.ts';

/** MTP framing of a message of ordinary size. */
export const framing: Suite = async (bench) => {
  const ids = new TransactionIds();
  const body = utf8Encode(JSON.stringify({ data: 'A'.repeat(2048) }));
  const frame = encodeFrame({ type: 'message', id: ids.next(), body });
  const decoder = new MtpDecoder();
  await bench.measure('mtp/encode/2KB', () =>
    encodeFrame({ type: 'message', id: ids.next(), body }),
  );
  await bench.measure('mtp/decode/2KB', () => decoder.push(frame));
};
