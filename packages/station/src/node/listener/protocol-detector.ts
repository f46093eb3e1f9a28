import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { TLSSocket } from 'node:tls';
import type { Sweep, Swept } from '@dimp/core/transport';
import { type Framing, MAX_OPENING, recogniseFraming } from './framing.ts';

/** A connection whose protocol is known. */
export interface DetectedConnection {
  /** The socket; for TLS, the decrypted one. Nothing reads from it yet. */
  readonly socket: Socket;
  readonly framing: Exclude<Framing, 'tls'>;
  /** The bytes that were already read. */
  readonly head: Uint8Array;
  readonly secure: boolean;
}

/** Options for {@link ProtocolDetector}. */
export interface ProtocolDetectorOptions {
  readonly sweep: Sweep;
  /** Milliseconds from the start of the connection to its first bytes, including a TLS handshake. */
  readonly timeout: number;
  /** The certificate; undefined if TLS is not supported. */
  readonly tls: () => SecureContext | undefined;
  /** Whether connections without TLS are closed. */
  readonly requireTls: boolean;
  readonly onDetected: (opened: DetectedConnection) => void;
  /** Called when the detection has ended, with or without a result. */
  readonly onEnd: () => void;
}

/**
 * Reads the first bytes of a connection to detect its protocol. It closes the connection if the protocol is unknown, or
 * if the timeout ends, however slowly the bytes arrive.
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
    // Usually the first chunk decides, and nothing is copied.
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
    // TLS inside TLS is not supported.
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
    // Also called after a failed handshake.
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
