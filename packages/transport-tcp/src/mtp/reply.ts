import type { MtpFrame } from './frame.ts';

/**
 * The package that must answer a package (spec §12.3): `PONG` to the command `PING`, `OK` to any other command, to a
 * message and to a fragment. It repeats id, pages and index.
 *
 * It acknowledges arrival only; what an application answers is a new message with an id of its own.
 *
 * @returns undefined for a response, which is never answered
 */
export function automaticReply(frame: MtpFrame): MtpFrame | undefined {
  const { id, pages, index } = frame;
  switch (frame.type) {
    case 'command': {
      const body = isWord(frame.body, PING) ? PONG : OK;
      return { type: 'command-response', id, pages, index, body };
    }
    case 'message':
    case 'fragment':
      return { type: 'message-response', id, pages, index, body: OK };
    default:
      return undefined;
  }
}

// Words in ASCII. Made once: a station answers every message.
const OK: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x4f, 0x4b);
const PONG: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x50, 0x4f, 0x4e, 0x47);
/** `PING`, the one command there is. */
export const PING: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x50, 0x49, 0x4e, 0x47);
const NOOP: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x4e, 0x4f, 0x4f, 0x50);
const AGAIN: Uint8Array = /* @__PURE__ */ Uint8Array.of(0x41, 0x47, 0x41, 0x49, 0x4e);

/** Whether a body is `PING`, `PONG`, `NOOP` or empty: these are acknowledged, and are not messages (spec §12.3). */
export function isIdleWord(body: Uint8Array): boolean {
  if (body.length === 0) return true;
  return isWord(body, PING) || isWord(body, PONG) || isWord(body, NOOP);
}

/**
 * Whether a response is `AGAIN`: the message was not accepted, and has to be sent again after its timeout (spec §12.3).
 */
export function isAgain(body: Uint8Array): boolean {
  return isWord(body, AGAIN);
}

function isWord(body: Uint8Array, word: Uint8Array): boolean {
  return body.length === word.length && word.every((byte, i) => body[i] === byte);
}
