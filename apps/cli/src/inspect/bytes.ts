import { readPayload } from '@dimp/core';
import {
  decodeBase64,
  decodeHex,
  encodeHex,
  isProtocolError,
  type JsonObject,
  ProtocolError,
  parseJsonObject,
  utf8Decode,
} from '@dimp/foundation';
import { FragmentAssembler, MtpDecoder, type MtpFrame } from '@dimp/transport-tcp/mtp';
import { oneLine, shortened } from '../terminal/text.ts';
import { inspectID } from './entity.ts';
import { bad, type Check, good, type Inspection, unknown } from './inspection.ts';
import { inspectObject } from './json.ts';
import type { InspectionContext } from './known.ts';

/** Limit for the packages, and for the messages of a payload, that are explained one by one. */
const MAX_PARTS = 1000;
const SEALED = 'DIM sealed 1\n';
const MAGIC = 'DIM';
/** Longest header of an MTP package (spec §12.2). */
const HEAD_BYTES = 24;
const OPENING_BRACE = 0x7b;
const LINE_FEED = 0x0a;

/** Explains bytes or a text. */
export function inspect(
  source: Uint8Array | string,
  context: InspectionContext,
): Promise<Inspection> {
  return typeof source === 'string' ? inspectText(source, context) : inspectBytes(source, context);
}

async function inspectBytes(bytes: Uint8Array, context: InspectionContext): Promise<Inspection> {
  if (startsWith(bytes, SEALED)) return sealed();
  if (startsWith(bytes, MAGIC) && isHead(bytes)) return inspectMtp(bytes, context);
  if (bytes[0] === OPENING_BRACE) return inspectJson(bytes, context);
  const text = decoded(bytes);
  return text === undefined ? nothing('unknown bytes') : inspectText(text, context);
}

/** Explains JSON, an ID, a payload, or bytes in hex or Base64. */
async function inspectText(text: string, context: InspectionContext): Promise<Inspection> {
  const trimmed = text.trim();
  if (trimmed === '') return nothing('the input is empty');
  if (trimmed.startsWith('{')) return inspectJson(trimmed, context);
  const id = readID(trimmed, context);
  if (id !== undefined) return id instanceof ProtocolError ? wrongID(id) : inspectID(id, context);
  const hidden = hiddenBytes(trimmed);
  if (hidden !== undefined) return inspectBytes(hidden, context);
  return inspectPayload(trimmed, context);
}

async function inspectJson(
  text: string | Uint8Array,
  context: InspectionContext,
): Promise<Inspection> {
  let wire: JsonObject;
  try {
    wire = parseJsonObject(text);
  } catch (error) {
    // It may be several messages, one per line.
    if (isProtocolError(error, 'format/json') && hasLines(text)) {
      return inspectPayload(text, context);
    }
    return { kind: 'json', facts: {}, checks: [bad('format', error)], parts: [] };
  }
  return inspectObject(wire, context);
}

function hasLines(text: string | Uint8Array): boolean {
  return typeof text === 'string' ? text.includes('\n') : text.includes(LINE_FEED);
}

/** Explains the body of a package or a WebSocket text: messages or a control word (spec §12.3, §12.6). */
async function inspectPayload(
  payload: string | Uint8Array,
  context: InspectionContext,
): Promise<Inspection> {
  try {
    const read = readPayload(payload);
    const parts: Inspection[] = [];
    if (read.kind === 'messages') {
      for (const text of read.messages.slice(0, MAX_PARTS))
        parts.push(await inspectJson(text, context));
    }
    const facts: JsonObject = {
      payload: read.kind,
      ...(read.kind === 'messages' ? { messages: read.messages.length } : {}),
      ...(read.kind === 'ping' ? { answer: read.reply } : {}),
      ...(read.kind === 'ack' ? { acknowledges: shortened(read.signature), time: read.time } : {}),
    };
    return { kind: 'payload', facts, checks: [good('format', 'a valid payload')], parts };
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    const kind = typeof payload === 'string' && !payload.includes('{') ? 'unknown' : 'payload';
    return { kind, facts: {}, checks: [bad('format', error)], parts: [] };
  }
}

/** Explains a stream of MTP packages (spec §12.2). */
async function inspectMtp(bytes: Uint8Array, context: InspectionContext): Promise<Inspection> {
  const decoder = new MtpDecoder();
  const assembler = new FragmentAssembler({ clock: context.now });
  const checks: Check[] = [];
  let frames: readonly MtpFrame[] = [];
  try {
    frames = decoder.push(bytes);
  } catch (error) {
    checks.push(bad('format', error));
  }
  if (checks.length === 0 && decoder.failure !== undefined)
    checks.push(bad('format', decoder.failure));
  if (decoder.waitingBytes > 0) {
    checks.push(
      unknown(
        'complete',
        `incomplete: ${decoder.waitingBytes} bytes of a package whose rest is missing`,
      ),
    );
  }
  if (decoder.skippedBytes > 0) {
    const skipped = `${decoder.skippedBytes} bytes do not belong to a package; a peer skips them`;
    checks.push(
      unknown('format', frames.length === 0 ? `incomplete or damaged: ${skipped}` : skipped),
    );
  }
  if (checks.length === 0) checks.push(good('format', 'complete MTP packages'));
  const parts: Inspection[] = [];
  for (const frame of frames.slice(0, MAX_PARTS)) {
    parts.push(await inspectFrame(frame, assembler, context));
  }
  const facts: JsonObject = {
    bytes: bytes.length,
    packages: frames.length,
    skippedBytes: decoder.skippedBytes,
  };
  return { kind: 'mtp', facts, checks, parts };
}

async function inspectFrame(
  frame: MtpFrame,
  assembler: FragmentAssembler,
  context: InspectionContext,
): Promise<Inspection> {
  const { type, id, pages, index, body } = frame;
  const facts: JsonObject = {
    type,
    id: encodeHex(id),
    ...(pages === 1 ? {} : { pages, index }),
    bodyBytes: body.length,
  };
  const checks: Check[] = [];
  const parts: Inspection[] = [];
  try {
    const whole = type === 'fragment' ? assembler.add(frame) : body;
    if (whole === undefined) checks.push(unknown('complete', 'other fragments are missing'));
    else if (isWord(whole))
      return frameOf({ ...facts, says: oneLine(utf8Decode(whole)) }, checks, []);
    else parts.push(await inspectPayload(whole, context));
  } catch (error) {
    checks.push(bad('fragments', error));
  }
  return frameOf(facts, checks, parts);
}

function frameOf(
  facts: JsonObject,
  checks: readonly Check[],
  parts: readonly Inspection[],
): Inspection {
  return { kind: 'mtp-package', facts, checks, parts };
}

/** Whether a body is a command or an answer, such as `PING` or `OK`. */
function isWord(body: Uint8Array): boolean {
  return body.length <= 8 && body.every((byte) => byte >= 0x41 && byte <= 0x5a);
}

function readID(text: string, { protocol }: InspectionContext) {
  if (text === '' || text.length > 256 || /[\n{}"]/.test(text)) return undefined;
  try {
    return protocol.parseID(text);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    // Text with an @ is meant to be an ID; other text may be anything.
    return text.includes('@') ? error : undefined;
  }
}

function wrongID(error: ProtocolError): Inspection {
  return { kind: 'id', facts: {}, checks: [bad('format', error)], parts: [] };
}

/** Decodes hex or Base64, if the result is something that DIM knows. */
function hiddenBytes(text: string): Uint8Array | undefined {
  const joined = text.replaceAll(/\s+/g, '');
  if (joined.length < 8) return undefined;
  const bytes = attempt(decodeHex, joined) ?? attempt(decodeBase64, joined);
  if (bytes === undefined || decoded(bytes) === text) return undefined;
  const known = startsWith(bytes, MAGIC) || startsWith(bytes, '{') || startsWith(bytes, SEALED);
  return known ? bytes : undefined;
}

function attempt(decode: (text: string) => Uint8Array, text: string): Uint8Array | undefined {
  try {
    return decode(text);
  } catch {
    return undefined;
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decode(bytes);
  } catch {
    return undefined;
  }
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((each, i) => bytes[i] === each.charCodeAt(0));
}

/** Whether bytes that start with `DIM` are an MTP header and not a text: a header has a byte that no text has. */
function isHead(bytes: Uint8Array): boolean {
  return bytes.subarray(0, HEAD_BYTES).some((byte) => byte < 0x09 || byte > 0x7f);
}

function sealed(): Inspection {
  const message = 'an identity or another secret, sealed with a passphrase: dim import';
  return { kind: 'sealed-identity', facts: {}, checks: [good('format', message)], parts: [] };
}

function nothing(message: string): Inspection {
  return {
    kind: 'unknown',
    facts: {},
    checks: [bad('format', new ProtocolError('format/json', message))],
    parts: [],
  };
}
