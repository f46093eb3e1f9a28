// The texts that are not a payload (spec §12.6), in ASCII.
const PING_TEXT = 'PING';
const IGNORED: ReadonlySet<string> = /* @__PURE__ */ new Set(['NOOP', 'OK', '']);
const PONG_TEXT = 'PONG';
const ACK_TEXT = 'ACK:';

/** `PING`, which the peer answers with {@link PONG}. */
export const PING: Uint8Array = /* @__PURE__ */ ascii(PING_TEXT);
export const PONG: Uint8Array = /* @__PURE__ */ ascii(PONG_TEXT);

/** Returns whether a frame is a payload, or which control text it is. */
export function kindOf(payload: Uint8Array): 'ping' | 'pong' | 'ignored' | 'ack' | 'payload' {
  if (payload.length > 4) return startsWithAck(payload) ? 'ack' : 'payload';
  const text = String.fromCharCode(...payload);
  if (text === PING_TEXT) return 'ping';
  if (text === PONG_TEXT) return 'pong';
  if (text === ACK_TEXT) return 'ack';
  return IGNORED.has(text) ? 'ignored' : 'payload';
}

function startsWithAck(payload: Uint8Array): boolean {
  return payload[0] === 0x41 && payload[1] === 0x43 && payload[2] === 0x4b && payload[3] === 0x3a;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
