import { ProtocolError, showError } from '@dimp/foundation';
import { type Channel, Inbox } from './channel.ts';
import { type Frame, FrameReader, messageFrame, pieceFrame } from './frames.ts';
import { decodeValue, type EncodedValue, encodeValue } from './values.ts';

/** A connection that carries bytes in order, such as a Unix socket. */
export interface ByteStream {
  /** What arrives. Ends when the other side closes; throws when the connection is lost. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** @returns when more can be written */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the connection when everything is written. */
  close(): void;
}

/** Options for {@link streamChannel}. */
export interface StreamChannelOptions {
  /** Largest frame, 32 MiB by default. A larger one that arrives ends the channel; one that is posted is refused. */
  readonly maxFrameBytes?: number;
  /** Most bytes of files that have arrived and whose message has not, 256 MiB by default. */
  readonly maxBlobBytes?: number;
}

const MAX_FRAME = 32 * 1024 * 1024;
const MAX_BLOBS = 256 * 1024 * 1024;
/** Most bytes that wait to be written. The other side does not read if there are more. */
const MAX_QUEUED = 256 * 1024 * 1024;
/** Bytes of one piece of a file. */
const PIECE = 256 * 1024;
/** What a piece costs beside its bytes: an empty one is not free. */
const PIECE_OVERHEAD = 128;

/**
 * Makes a channel of a byte stream. Each frame has its length in four bytes, big-endian, and a message as JSON, or a piece of a file.
 * Bytes in messages are Base64; files go ahead of their message in pieces, and other messages pass them.
 */
export function streamChannel(stream: ByteStream, options: StreamChannelOptions = {}): Channel {
  return new StreamChannel(stream, options).channel;
}

class StreamChannel {
  readonly channel: Channel;
  readonly #inbox = new Inbox();
  readonly #stream: ByteStream;
  readonly #maxFrame: number;
  readonly #maxBlobs: number;
  /** Files that are arriving, by their number. */
  readonly #arriving = new Map<number, Uint8Array[]>();
  #arrivingBytes = 0;
  #files = 0;
  #queued = 0;
  #writing: Promise<void> = Promise.resolve();
  #sendingFiles: Promise<void> = Promise.resolve();
  /** `closing` writes what was posted; `closed` does nothing any more. */
  #state: 'open' | 'closing' | 'closed' = 'open';

  constructor(stream: ByteStream, options: StreamChannelOptions) {
    this.#stream = stream;
    this.#maxFrame = options.maxFrameBytes ?? MAX_FRAME;
    this.#maxBlobs = options.maxBlobBytes ?? MAX_BLOBS;
    this.channel = this.#inbox.channel({
      post: (message) => this.#post(message),
      close: () => this.#close(),
    });
    void this.#read();
  }

  #post(message: unknown): void {
    if (this.#state !== 'open') return;
    const encoded = encodeValue(message, () => ++this.#files);
    if (encoded.blobs.length === 0) this.#writeMessage(encoded);
    else this.#writeAfterFiles(encoded);
  }

  #writeAfterFiles(encoded: EncodedValue): void {
    const sending = this.#sendingFiles.then(async () => {
      for (const { name, blob } of encoded.blobs) await this.#writeFile(name, blob);
      this.#writeMessage(encoded);
    });
    this.#sendingFiles = sending.catch((error: unknown) => this.#fail(error));
  }

  #writeMessage({ value, specials }: EncodedValue): void {
    void this.#write(messageFrame([value, specials], this.#maxFrame));
  }

  async #writeFile(name: number, blob: Blob): Promise<void> {
    for (let start = 0; start < blob.size && this.#state !== 'closed'; start += PIECE) {
      const piece = new Uint8Array(await blob.slice(start, start + PIECE).arrayBuffer());
      await this.#write(pieceFrame(name, piece));
    }
  }

  /** @returns when it is written */
  #write(bytes: Uint8Array): Promise<void> {
    this.#queued += bytes.length;
    if (this.#queued > MAX_QUEUED) this.#fail(new RangeError('the other side does not read'));
    this.#writing = this.#writing
      .then(async () => {
        if (this.#state !== 'closed') await this.#stream.write(bytes);
        this.#queued -= bytes.length;
      })
      .catch((error: unknown) => this.#fail(error));
    return this.#writing;
  }

  async #read(): Promise<void> {
    const reader = new FrameReader(this.#maxFrame);
    try {
      for await (const bytes of this.#stream.incoming) {
        for (const each of reader.read(bytes)) if (this.#state === 'open') this.#take(each);
        if (this.#state !== 'open') return;
      }
      this.#fail();
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(received: Frame): void {
    if (received.kind === 'piece') {
      this.#takePiece(received.name, received.bytes);
      return;
    }
    const message = decodeValue(received.message, (name) => this.#file(name));
    try {
      this.#inbox.put(message);
    } catch (error) {
      // The user of the channel has failed, not the stream.
      showError('a message of a port has failed:', error);
    }
  }

  #takePiece(name: number, bytes: Uint8Array): void {
    this.#arrivingBytes += costOf(bytes);
    if (this.#arrivingBytes > this.#maxBlobs) {
      throw new ProtocolError('format/limit', 'a file is too large for the connection', {
        details: { limit: 'bytes', max: this.#maxBlobs },
      });
    }
    const pieces = this.#arriving.get(name);
    if (pieces === undefined) this.#arriving.set(name, [bytes]);
    else pieces.push(bytes);
  }

  #file(name: number): readonly Uint8Array[] {
    const pieces = this.#arriving.get(name) ?? [];
    this.#arriving.delete(name);
    for (const piece of pieces) this.#arrivingBytes -= costOf(piece);
    return pieces;
  }

  #fail(error?: unknown): void {
    if (this.#state === 'closed') return;
    const isOurs = this.#state === 'closing';
    this.#state = 'closed';
    this.#arriving.clear();
    this.#stream.close();
    if (!isOurs) this.#inbox.end(error);
  }

  #close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    void this.#sendingFiles
      .then(() => this.#writing)
      .then(() => {
        if (this.#state === 'closed') return;
        this.#state = 'closed';
        this.#arriving.clear();
        this.#stream.close();
      });
  }
}

/** Bytes in memory. */
function costOf(piece: Uint8Array): number {
  return piece.length + PIECE_OVERHEAD;
}
