import type { Socket } from 'node:net';
import type { ProtocolError } from '@dimp/foundation';
import { closed, type SocketOptions, SocketTransport } from '../socket/socket-transport.ts';
import { LineSplitter } from './line-splitter.ts';

const LINE_FEED = 10;

/**
 * JSON messages, each followed by a line feed, as clients of version 0.8 speak it (spec §12.1). Empty lines are their
 * heartbeats and are not answered. The framing has no acknowledgements: what the network has taken counts as delivered.
 */
export class LineTransport extends SocketTransport<undefined> {
  readonly #splitter: LineSplitter;
  #blockedSince: number | undefined;

  /** @param head - bytes that were already read from the socket */
  constructor(socket: Socket, options: SocketOptions, head?: Uint8Array) {
    super(socket, options);
    this.#splitter = new LineSplitter(options.maxPayloadBytes);
    this.start(head);
  }

  async send(payload: Uint8Array): Promise<void> {
    this.checkSend(payload);
    const line = Buffer.allocUnsafe(payload.length + 1);
    line.set(payload);
    line[payload.length] = LINE_FEED;
    await new Promise<void>((resolve, reject) => {
      const taken = this.socket.write(line, (error) => {
        if (error) reject(closed(error));
        else resolve();
      });
      if (!taken) this.#blockedSince ??= this.timer.clock.now();
    });
  }

  override limitPayloads(bytes: number | undefined): void {
    super.limitPayloads(bytes);
    this.#splitter.maxBytes = bytes ?? this.maxPayloadBytes;
  }

  acknowledged(): void {}

  abandoned(): void {}

  drained(): void {
    this.#blockedSince = undefined;
  }

  protected override decode(chunk: Uint8Array): void {
    if (!this.isOpen) return;
    this.heard();
    for (const line of this.#splitter.push(chunk)) this.queue.push(line, undefined);
  }

  protected override get partialBytes(): number {
    return this.#splitter.waitingBytes;
  }

  protected override get blockedSince(): number | undefined {
    return this.#blockedSince;
  }

  protected override endWriting(): void {
    this.socket.end();
  }

  protected override release(_error: ProtocolError): void {}
}
