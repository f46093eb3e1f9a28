import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { TLSSocket } from 'node:tls';
import type { Sweep, Swept } from '@dimp/core/transport';
import { type Framing, MAX_OPENING, recogniseFraming } from './framing.ts';

/** A connection whose framing is known. */
export interface DetectedConnection {
  /** What to read from and write to: for TLS, the socket inside. Nothing reads from it yet. */
  readonly socket: Socket;
  readonly framing: Exclude<Framing, 'tls'>;
  /** The bytes that were read to find out. */
  readonly head: Uint8Array;
  readonly secure: boolean;
}

/** What {@link ProtocolDetector} has to be told. */
export interface ProtocolDetectorOptions {
  readonly sweep: Sweep;
  /** Milliseconds from the connection to its first bytes, a TLS handshake included. */
  readonly timeout: number;
  /** The certificate; undefined if TLS is not spoken here. */
  readonly tls: () => SecureContext | undefined;
  /** Nothing but TLS is spoken here. */
  readonly requireTls: boolean;
  readonly onDetected: (opened: DetectedConnection) => void;
  /** The first bytes have come, or never will. */
  readonly onEnd: () => void;
}

/**
 * Reads the first bytes of a connection to find out what it speaks. It lets go of the connection when it knows, when the
 * connection speaks nothing we know, or when its time is over however slowly the bytes trickle in.
 */
export class ProtocolDetector implements Swept {
  readonly #raw: Socket;
  readonly #options: ProtocolDetectorOptions;
  readonly #closeBy: number;
  #socket: Socket;
  #head: Uint8Array = NOTHING;

  constructor(socket: Socket, options: ProtocolDetectorOptions) {
    this.#raw = socket;
    this.#socket = socket;
    this.#options = options;
    this.#closeBy = options.sweep.clock.now() + options.timeout;
    options.sweep.add(this);
    socket.on('close', this.#onClose);
    socket.on('data', this.#onData);
  }

  sweep(now: number): void {
    if (now >= this.#closeBy) this.cancel();
  }

  /** Closes the connection without an answer. */
  cancel(): void {
    this.#socket.destroy();
    this.#raw.destroy();
    this.#letGo();
  }

  readonly #onClose = (): void => this.#letGo();

  readonly #onData = (chunk: Uint8Array): void => {
    // Most connections tell at once: nothing is copied for them.
    this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const framing = recogniseFraming(this.#head);
    if (framing === undefined && this.#head.length < MAX_OPENING) return;
    if (framing === 'tls') this.#startTls();
    else if (framing === undefined || framing === 'unknown') this.cancel();
    else this.#open(framing);
  };

  #open(framing: DetectedConnection['framing']): void {
    const secure = this.#socket !== this.#raw;
    const [socket, head] = [this.#socket, this.#head];
    if (this.#options.requireTls && !secure) {
      this.cancel();
    } else {
      this.#letGo();
      this.#options.onDetected({ socket, framing, head, secure });
    }
  }

  #startTls(): void {
    const secureContext = this.#options.tls();
    const raw = this.#raw;
    // TLS within TLS is nothing we know either.
    if (secureContext === undefined || this.#socket !== raw) {
      this.cancel();
      return;
    }
    raw.off('data', this.#onData);
    raw.pause();
    raw.unshift(this.#head);
    this.#head = NOTHING;
    const inside = new TLSSocket(raw, { isServer: true, secureContext });
    this.#socket = inside;
    inside.on('error', ignore);
    // A failed handshake ends here as well.
    inside.on('close', this.#onClose);
    inside.on('data', this.#onData);
  }

  #letGo(): void {
    this.#options.sweep.delete(this);
    this.#options.onEnd();
    for (const socket of [this.#raw, this.#socket]) {
      socket.off('close', this.#onClose);
      socket.off('data', this.#onData);
    }
  }
}

const NOTHING = new Uint8Array();

function ignore(this: Socket): void {
  this.destroy();
}
