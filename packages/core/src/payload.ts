import {
  fieldError,
  ownMember,
  ProtocolError,
  parseJsonObject,
  toTime,
  utf8Decode,
} from '@dimp/foundation';

/** The contents of a package or a WebSocket text (spec §12.3, §12.6). */
export type Payload = MessagesPayload | PingPayload | IgnoredPayload | AckPayload;

/** Reliable messages, each as the received JSON text, not parsed. */
export interface MessagesPayload {
  readonly kind: 'messages';
  readonly messages: readonly string[];
}

/**
 * Keep-alive. Over WebSocket `reply` is sent back; over MTP the acknowledgement of the package is enough (spec §12.3).
 */
export interface PingPayload {
  readonly kind: 'ping';
  readonly reply: 'PONG';
}

/** `PONG`, `NOOP`, `OK`, or blank lines. */
export interface IgnoredPayload {
  readonly kind: 'ignored';
}

/** A client's acknowledgement of one message over WebSocket. */
export interface AckPayload {
  readonly kind: 'ack';
  /** Time of the acknowledged message in seconds, if the client sent it. */
  readonly time?: number;
  /** Signature of the acknowledged message, as text. */
  readonly signature: string;
}

/** Limits of {@link readPayload}. */
export interface PayloadLimits {
  /** Maximum length of a payload: bytes, or UTF-16 units of a text. */
  readonly maxLength: number;
  /** Maximum number of messages in one payload. */
  readonly maxMessages: number;
}

/** 2 MiB, twice the longest message (spec §14.7 no. 7), and 4,096 messages. */
export const DEFAULT_PAYLOAD_LIMITS: PayloadLimits = /* @__PURE__ */ Object.freeze({
  maxLength: 2 * 1024 * 1024,
  maxMessages: 4096,
});

/**
 * Splits a transport payload into its messages, or recognises a control word or an acknowledgement (spec §12.3, §12.6). Only
 * the line feed separates messages: U+2028 and CR occur inside texts (spec §14.6 no. 56).
 *
 * Messages stay text and are parsed later, with the limits of the JSON gate. Here each line must look like a JSON object, so one
 * malformed line refuses the payload.
 *
 * @throws `format/limit` above a limit; `format/json` for bytes that are not UTF-8, a line that is not a JSON object, or an
 *   unknown word; `format/field` for an acknowledgement without a signature
 *
 * @example
 * ```ts
 * const payload = readPayload(frame.body);
 * if (payload.kind === 'messages') for (const text of payload.messages) await receive(text);
 * ```
 */
export function readPayload(
  payload: string | Uint8Array,
  limits: PayloadLimits = DEFAULT_PAYLOAD_LIMITS,
): Payload {
  if (payload.length > limits.maxLength) throw limit('length', limits.maxLength);
  const text = trim(typeof payload === 'string' ? payload : decode(payload));
  if (text.startsWith('{')) return { kind: 'messages', messages: splitLines(text, limits) };
  if (text.startsWith(ACK)) return readAck(text.slice(ACK.length));
  switch (text) {
    case 'PING':
      return { kind: 'ping', reply: 'PONG' };
    case 'PONG':
    case 'NOOP':
    case 'OK':
    case '':
      return { kind: 'ignored' };
    default:
      throw new ProtocolError('format/json', 'payload must be JSON or a control word');
  }
}

const ACK = 'ACK:';

function splitLines(text: string, limits: PayloadLimits): string[] {
  const messages: string[] = [];
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start);
    const end = feed === -1 ? text.length : feed;
    const line = trim(text.slice(start, end));
    start = end + 1;
    if (line === '') continue;
    if (!line.startsWith('{') || !line.endsWith('}')) {
      throw new ProtocolError('format/json', 'each line of the payload must be a JSON object');
    }
    if (messages.length === limits.maxMessages) throw limit('messages', limits.maxMessages);
    messages.push(line);
  }
  return messages;
}

function readAck(text: string): AckPayload {
  const ack = parseJsonObject(text);
  const signature = ownMember(ack, 'signature');
  if (typeof signature !== 'string' || signature === '') {
    throw fieldError('signature', 'is missing');
  }
  const time = toTime(ownMember(ack, 'time'));
  return time === undefined ? { kind: 'ack', signature } : { kind: 'ack', time, signature };
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    throw new ProtocolError('format/json', 'payload is not UTF-8', { cause });
  }
}

/**
 * Trims the white space of JSON. Not with a regular expression, which takes quadratic time on many spaces, and not with
 * `String.trim`, which also removes other characters.
 */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function limit(what: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', `payload has more ${what} than allowed`, {
    details: { limit: what, max },
  });
}
