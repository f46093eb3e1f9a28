import { ProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';
import { type Channel, type ChannelEvents, isProperEnd } from './channel.ts';

/** The used members of a browser's WebSocket. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string): void;
  close(code?: number): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void;
}

/** A class such as the `WebSocket` of browsers. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** Interval at which the accepted bytes are checked, at first and at most. */
const FIRST_LOOK_MS = 4;
const LAST_LOOK_MS = 250;

/** A frame that the network may not have accepted yet. */
interface Unwritten {
  /** Bytes sent up to its end. */
  readonly end: number;
  readonly done: () => void;
}

/** A browser's WebSocket. It cannot stop reading, and reports only how many bytes wait to be written. */
export class PortableChannel implements Channel {
  events: ChannelEvents;
  readonly #socket: WebSocketLike;
  readonly #unwritten: Unwritten[] = [];
  #sentBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(socket: WebSocketLike, events: ChannelEvents) {
    this.#socket = socket;
    this.events = events;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => this.events.opened());
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    // The event has no data, and `close` follows it, but some classes require a listener.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ code }) => this.#end(code));
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: Uint8Array, done?: () => void): void {
    if (this.#closed) return;
    this.#socket.send(utf8Decode(text));
    this.#sentBytes += text.length;
    if (done === undefined) return;
    this.#unwritten.push({ end: this.#sentBytes, done });
    if (this.#timer === undefined) this.#lookLater(0);
  }

  pause(): void {}

  resume(): void {}

  /** Browsers allow a page no other code. */
  close(): void {
    this.#socket.close(1000);
  }

  terminate(): void {
    this.#end(1006);
    this.#socket.close();
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    if (typeof data === 'string') this.events.received(utf8Encode(data));
    else if (data instanceof ArrayBuffer) this.events.received(new Uint8Array(data));
  }

  #lookLater(delay: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look(delay);
    }, delay);
  }

  #look(delay: number): void {
    const taken = this.#sentBytes - this.#socket.bufferedAmount;
    let count = 0;
    while (count < this.#unwritten.length && (this.#unwritten[count]?.end ?? 0) <= taken)
      count += 1;
    for (const { done } of this.#unwritten.splice(0, count)) done();
    if (this.#unwritten.length === 0 || this.#closed || this.#timer !== undefined) return;
    this.#lookLater(
      count > 0 ? FIRST_LOOK_MS : Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, delay * 2)),
    );
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.events.closed(isProperEnd(code) ? undefined : lost(code));
  }
}

function lost(code: number): ProtocolError {
  return new ProtocolError('transport/closed', 'the connection was lost', { details: { code } });
}
