import { type Json, ProtocolError, parseJson, stringifyJson, utf8Encode } from '@dimp/foundation';

/** A frame of a byte stream. */
export type Frame =
  | { readonly kind: 'message'; readonly message: Json }
  | { readonly kind: 'piece'; readonly name: number; readonly bytes: Uint8Array };

/** Bytes before each frame: its length, big-endian. */
const LENGTH_BYTES = 4;
/** First byte of a frame. */
const MESSAGE = 0x6d;
const PIECE = 0x70;
/** Bytes of the number of a file in front of a piece. */
const NAME_BYTES = 4;

/** Depth and members of a message: those of a window of the largest contents. */
const MAX_DEPTH = 64;
const MAX_MEMBERS = 4_194_304;

/** @throws `format/limit` for a message that is too large */
export function messageFrame(message: Json, maxBytes: number): Uint8Array {
  const json = utf8Encode(stringifyJson(message));
  if (json.length + 1 > maxBytes) throw tooLarge(maxBytes);
  return frame(MESSAGE, json);
}

/** A part of a file. @param name - its number, 32 bits */
export function pieceFrame(name: number, bytes: Uint8Array): Uint8Array {
  const body = new Uint8Array(NAME_BYTES + bytes.length);
  new DataView(body.buffer).setUint32(0, name);
  body.set(bytes, NAME_BYTES);
  return frame(PIECE, body);
}

function frame(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + 1 + body.length);
  new DataView(bytes.buffer).setUint32(0, 1 + body.length);
  bytes[LENGTH_BYTES] = kind;
  bytes.set(body, LENGTH_BYTES + 1);
  return bytes;
}

/** Takes frames out of bytes that arrive in parts of any size. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws `format/limit` for a frame that is too large; `format/` codes for one that cannot be read */
  *read(bytes: Uint8Array): Generator<Frame> {
    this.#parts.push(bytes);
    this.#size += bytes.length;
    for (;;) {
      if (this.#size < LENGTH_BYTES) return;
      const length = viewOf(this.#take(LENGTH_BYTES, true)).getUint32(0);
      if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
      if (this.#size < LENGTH_BYTES + length) return;
      this.#take(LENGTH_BYTES);
      yield this.#frame(this.#take(length));
    }
  }

  #frame(body: Uint8Array): Frame {
    if (body[0] === MESSAGE) {
      const limits = {
        maxBytes: this.#maxBytes,
        maxDepth: MAX_DEPTH,
        maxMembers: MAX_MEMBERS,
      };
      return { kind: 'message', message: parseJson(body.subarray(1), limits) };
    }
    if (body[0] !== PIECE || body.length < 1 + NAME_BYTES) {
      throw new ProtocolError('format/bytes', 'frame must hold a message or a piece of a file');
    }
    return {
      kind: 'piece',
      name: viewOf(body).getUint32(1),
      bytes: body.slice(1 + NAME_BYTES),
    };
  }

  /** Removes the first bytes, or only looks at them. The caller has checked that they are there. */
  #take(length: number, onlyLook = false): Uint8Array {
    const taken = new Uint8Array(length);
    let at = 0;
    for (let part = 0; at < length; ) {
      const bytes = this.#parts[part];
      if (bytes === undefined) break;
      const used = bytes.subarray(0, length - at);
      taken.set(used, at);
      at += used.length;
      if (onlyLook) part += 1;
      else if (used.length === bytes.length) this.#parts.shift();
      else this.#parts[0] = bytes.subarray(used.length);
    }
    if (!onlyLook) this.#size -= length;
    return taken;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function tooLarge(max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'the message is too large for the connection', {
    details: { limit: 'bytes', max },
  });
}
