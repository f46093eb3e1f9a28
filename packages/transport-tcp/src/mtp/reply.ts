import { utf8Encode } from '@dimp/foundation';
import type { MtpFrame } from './frame.ts';

/**
 * The package that must answer a package at once (spec §12.3): `PONG` to the command `PING`, `OK` to any other
 * command, to a message and to a fragment. It repeats id, pages and index.
 *
 * It acknowledges arrival only; what an application answers is a new message with an id of its own.
 *
 * @returns undefined for a response, which is never answered
 */
export function automaticReply(frame: MtpFrame): MtpFrame | undefined {
  const { id, pages, index } = frame;
  switch (frame.type) {
    case 'command': {
      const body = utf8Encode(isPing(frame.body) ? 'PONG' : 'OK');
      return { type: 'command-response', id, pages, index, body };
    }
    case 'message':
    case 'fragment':
      return { type: 'message-response', id, pages, index, body: utf8Encode('OK') };
    default:
      return undefined;
  }
}

/** `PING` in ASCII. */
const PING: readonly number[] = [0x50, 0x49, 0x4e, 0x47];

function isPing(body: Uint8Array): boolean {
  return body.length === PING.length && PING.every((byte, i) => body[i] === byte);
}
