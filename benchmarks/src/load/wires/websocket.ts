import { randomBytes } from 'node:crypto';
import { openSocket, SocketConnection } from './socket-connection.ts';
import type { Connection, Wire } from './wire.ts';

const TEXT = 0x81;
const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;

/** A WebSocket client over a bare socket (RFC 6455). Reads only what these servers send: whole, unmasked frames. */
class WebSocketConnection extends SocketConnection {
  readonly #acknowledges: boolean;
  #open = false;
  /** Called when the server has agreed to WebSocket. */
  onOpen: () => void = () => {};

  constructor(socket: ConstructorParameters<typeof SocketConnection>[0], acknowledges: boolean) {
    super(socket);
    this.#acknowledges = acknowledges;
  }

  protected override read(bytes: Buffer): number {
    let position = this.#open ? 0 : this.#readAgreement(bytes);
    if (!this.#open) return 0;
    const answers: Buffer[] = [];
    while (position + 2 <= bytes.length) {
      const short = bytes[position + 1] as number;
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (position + headBytes > bytes.length) break;
      const start = position + headBytes;
      const length =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(position + 2)
            : bytes.readUInt32BE(position + 6);
      const end = start + length;
      if (end > bytes.length) break;
      const kind = bytes[position];
      position = end;
      if (kind === PING) answers.push(frameOf(PONG, bytes.subarray(start, end)));
      else if (kind === CLOSE) this.socket.end();
      else if (kind === TEXT) {
        if (this.#acknowledges) acknowledge(bytes, start, end, answers);
        this.onPayload(bytes, start, end);
      } else throw new Error('unexpected frame');
    }
    if (answers.length > 0)
      this.write(answers.length === 1 ? (answers[0] as Buffer) : Buffer.concat(answers));
    return position;
  }

  #readAgreement(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) return 0;
    if (!bytes.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) {
      throw new Error('the server does not speak WebSocket');
    }
    this.#open = true;
    this.onOpen();
    return end + 4;
  }
}

/** `ACK:{"time":T,"signature":"SIG"}` for each message of a payload (spec §12.6). */
function acknowledge(bytes: Buffer, start: number, end: number, answers: Buffer[]): void {
  let at = start;
  for (;;) {
    const time = bytes.indexOf('"time":', at);
    const found = bytes.indexOf('"signature":"', at);
    if (found === -1 || found >= end || time === -1 || time >= end) return;
    const close = bytes.indexOf(0x22, found + 13);
    const number = /^[\d.]+/.exec(bytes.toString('latin1', time + 7, time + 32))?.[0] ?? '0';
    const signature = bytes.toString('latin1', found + 13, close);
    answers.push(
      frameOf(TEXT, Buffer.from(`ACK:{"time":${number},"signature":"${signature}"}`, 'latin1')),
    );
    const next = bytes.indexOf(0x0a, close);
    if (next === -1 || next >= end) return;
    at = next;
  }
}

/** A client's frame, with a mask of zeros so that the payload stays as it is. */
function frameOf(kind: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const headBytes = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const frame = Buffer.alloc(headBytes + length);
  frame[0] = kind;
  if (headBytes === 6) {
    frame[1] = 0x80 | length;
  } else if (headBytes === 8) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeUInt32BE(length, 6);
  }
  frame.set(payload, headBytes);
  return frame;
}

/**
 * WebSocket.
 *
 * @param acknowledges - whether each received message is acknowledged as the protocol requires
 */
export function webSocketWire(acknowledges: boolean): Wire {
  return {
    name: 'WebSocket',
    accepts: false,
    // Only a station expects acknowledgements.
    ...(acknowledges ? { ping: frameOf(TEXT, Buffer.from('PING')) } : {}),
    frame: (payload) => frameOf(TEXT, payload),
    async connect(port): Promise<Connection> {
      const socket = await openSocket(port);
      const connection = new WebSocketConnection(socket, acknowledges);
      await new Promise<void>((resolve, reject) => {
        connection.onOpen = resolve;
        connection.onLost = () => reject(new Error('the server closed the connection'));
        socket.write(
          `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
        );
      });
      return connection;
    },
  };
}
