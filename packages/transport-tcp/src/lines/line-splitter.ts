import { ProtocolError } from '@dimp/foundation';

const LF = 10;
/** Initial size of the buffer for an incomplete line. */
const FIRST_ROOM = 1024;

/** Splits a stream of bytes at line feeds. The buffer for an incomplete line is at most twice its length. */
export class LineSplitter {
  /** Most bytes of a line; checked before memory is allocated. */
  maxBytes: number;
  /** Buffer for an incomplete line; released when the line is complete. */
  #room: Uint8Array | undefined;
  #length = 0;

  /** @param maxBytes - of a line; checked before memory is taken */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes of a line that is not complete. */
  get waitingBytes(): number {
    return this.#length;
  }

  /**
   * @returns the complete lines without their line ends; empty lines, which keep connections alive, are dropped
   * @throws `format/limit` for a line that is too long
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      const line = this.#complete(chunk.subarray(start, end));
      if (!isBlank(line)) lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #complete(last: Uint8Array): Uint8Array {
    if (this.#length + last.length > this.maxBytes) throw tooLong(this.maxBytes);
    if (this.#room === undefined) return last.slice();
    this.#keep(last);
    const line = this.#room.slice(0, this.#length);
    this.#room = undefined;
    this.#length = 0;
    return line;
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.maxBytes) throw tooLong(this.maxBytes);
    if (this.#room === undefined || length > this.#room.length) {
      const room = new Uint8Array(Math.min(this.maxBytes, Math.max(FIRST_ROOM, length * 2)));
      if (this.#room !== undefined) room.set(this.#room.subarray(0, this.#length));
      this.#room = room;
    }
    this.#room.set(bytes, this.#length);
    this.#length = length;
  }
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 13 || byte === 32 || byte === 9);
}

function tooLong(max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', `a line must be at most ${max} bytes`, {
    details: { limit: 'bytes', max },
  });
}
