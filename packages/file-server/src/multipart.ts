import { concatBytes, ProtocolError, utf8Decode } from '@dimp/foundation';

/** The elements of a form, in order: the start of a part, then its bytes. */
export type FormPiece =
  | { readonly kind: 'part'; readonly name: string; readonly filename: string | undefined }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** Most bytes of the headers of one part. */
const MAX_HEADERS = 4096;
/** Most parts of a form. */
const MAX_PARTS = 16;
const [CR, LF, DASH] = [13, 10, 45];

/** @returns the boundary of a form (RFC 7578 §4.1); undefined if the body is not a form */
export function formBoundary(contentType: string | undefined): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType ?? '')) return undefined;
  const [, quoted, plain] =
    /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;",]{1,70})(?=\s*(?:;|$)))/i.exec(contentType ?? '') ??
    [];
  return quoted ?? plain;
}

/**
 * Parses a form as a stream (RFC 2046 §5.1.1). Memory holds at most one chunk and the headers of one part.
 *
 * @throws `format/field` for an invalid or incomplete form; `format/limit` for too many parts or too long headers
 */
export async function* readForm(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<FormPiece> {
  const reader = new FormReader(boundary);
  for await (const chunk of body) {
    yield* reader.push(chunk);
    // Bytes after the last boundary are ignored, but read, so that the connection can be used again.
  }
  if (!reader.done)
    throw new ProtocolError('format/field', 'the form ends before its last boundary');
}

type FormState = 'bytes' | 'tail' | 'headers' | 'done';

/** The state of the parser between two chunks. */
class FormReader {
  /** Line end, two dashes, boundary. */
  readonly #delimiter: Uint8Array;
  #state: FormState = 'bytes';
  /** Bytes that may be the start of a delimiter, or incomplete headers. */
  #rest: Uint8Array;
  /** False before the first boundary. */
  #inPart = false;
  #parts = 0;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    // The first boundary may be at the start of the body.
    this.#rest = new Uint8Array([CR, LF]);
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  *push(chunk: Uint8Array): Generator<FormPiece> {
    if (this.#state === 'done') return;
    this.#rest = this.#rest.length === 0 ? chunk : concatBytes(this.#rest, chunk);
    for (;;) {
      const before = this.#rest.length;
      const state: FormState = this.#state;
      if (state === 'bytes') yield* this.#readBytes();
      else if (state === 'tail') this.#readTail();
      else if (state === 'headers') yield* this.#readHeaders();
      else return;
      if (this.#state === state && this.#rest.length === before) return;
    }
  }

  *#readBytes(): Generator<FormPiece> {
    const rest = Buffer.from(this.#rest.buffer, this.#rest.byteOffset, this.#rest.length);
    const at = rest.indexOf(this.#delimiter);
    // A delimiter may start at the end of the chunk.
    const end = at >= 0 ? at : rest.length - possibleStart(rest, this.#delimiter);
    if (end > 0 && this.#inPart) yield { kind: 'bytes', bytes: this.#rest.subarray(0, end) };
    this.#rest = this.#rest.subarray(end);
    if (at < 0) return;
    this.#rest = this.#rest.subarray(this.#delimiter.length);
    this.#state = 'tail';
  }

  /** Reads what follows a boundary: `--` at the end of the form, otherwise white space and a line end. */
  #readTail(): void {
    let at = 0;
    const rest = this.#rest;
    if (rest.length < 2) return;
    if (rest[0] === DASH && rest[1] === DASH) {
      this.#state = 'done';
      this.#rest = new Uint8Array();
      return;
    }
    while (rest[at] === 32 || rest[at] === 9) at += 1;
    if (at > MAX_HEADERS) throw tooLong();
    if (rest.length < at + 2) return;
    if (rest[at] !== CR || rest[at + 1] !== LF)
      throw new ProtocolError('format/field', 'the body must be a multipart form');
    // The line end stays, so that the headers always end with two line ends, even if there are none.
    this.#rest = rest.subarray(at);
    this.#state = 'headers';
  }

  *#readHeaders(): Generator<FormPiece> {
    const rest = Buffer.from(this.#rest.buffer, this.#rest.byteOffset, this.#rest.length);
    const end = rest.indexOf('\r\n\r\n');
    if (end > MAX_HEADERS || (end < 0 && rest.length > MAX_HEADERS + 4)) throw tooLong();
    if (end < 0) return;
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) throw tooLong();
    yield partOf(rest.subarray(0, end));
    this.#rest = this.#rest.subarray(end + 4);
    this.#inPart = true;
    this.#state = 'bytes';
  }
}

/** @returns the number of bytes at the end that may be the start of a delimiter */
function possibleStart(bytes: Buffer, delimiter: Uint8Array): number {
  for (let length = Math.min(bytes.length, delimiter.length - 1); length > 0; length--) {
    const tail = bytes.subarray(bytes.length - length);
    if (tail.equals(delimiter.subarray(0, length))) return length;
  }
  return 0;
}

function partOf(headers: Uint8Array): FormPiece {
  const text = headerText(headers);
  const disposition = /^content-disposition:[ \t]*form-data[ \t]*(;.*)$/im.exec(text)?.[1] ?? '';
  const parameter = (name: string): string | undefined =>
    new RegExp(`;[ \\t]*${name}="([^"]*)"`, 'i').exec(disposition)?.[1];
  return { kind: 'part', name: parameter('name') ?? '', filename: parameter('filename') };
}

function headerText(headers: Uint8Array): string {
  try {
    return utf8Decode(headers);
  } catch {
    throw new ProtocolError('format/field', 'the body must be a multipart form');
  }
}

function tooLong(): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'the form has too many parts or too long headers');
}
