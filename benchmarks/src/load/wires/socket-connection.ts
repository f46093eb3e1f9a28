import { createConnection, type Socket } from 'node:net';
import type { Connection, PayloadListener } from './wire.ts';

/** Base of all connections: a socket, and the bytes of an incomplete package. */
export abstract class SocketConnection implements Connection {
  onPayload: PayloadListener = () => {};
  onAccepted: (count: number) => void = () => {};
  onLost: () => void = () => {};
  protected readonly socket: Socket;
  #rest: Buffer | undefined;
  #closing = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('close', () => {
      if (!this.#closing) this.onLost();
    });
    // 'close' follows.
    socket.on('error', () => {});
  }

  write(frames: Uint8Array): void {
    this.socket.write(frames);
  }

  close(): void {
    this.#closing = true;
    this.socket.destroy();
  }

  /** Reads the complete packages at the beginning of the bytes. @returns where the first incomplete one starts */
  protected abstract read(bytes: Buffer): number;

  #take(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const used = this.read(bytes);
    this.#rest = used === bytes.length ? undefined : bytes.subarray(used);
  }
}

/** Opens a socket to a port of this machine. */
export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true });
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
