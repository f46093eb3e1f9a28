import { encodeFrame } from '@dimp/transport-tcp/mtp';
import { openSocket, SocketConnection } from './socket-connection.ts';
import type { Connection, Wire } from './wire.ts';

/** Low nibbles of the fourth byte (spec §12.2). */
const MESSAGE = 0x2;
const MESSAGE_RESPONSE = 0x3;
/** The head of an answer, and `OK`. */
const ANSWER_BYTES = 18;

/** MTP over TCP (spec §12.3). Reads only what a station sends: whole packages. */
class MtpConnection extends SocketConnection {
  protected override read(bytes: Buffer): number {
    let position = 0;
    let accepted = 0;
    const answers: number[] = [];
    while (position + 8 <= bytes.length) {
      if (bytes.readUIntBE(position, 3) !== 0x44494d) throw new Error('the bytes are not MTP');
      const head = bytes[position + 3] as number;
      const headBytes = (head >> 4) * 4;
      if (position + headBytes > bytes.length) break;
      const start = position + headBytes;
      const end = start + bytes.readUInt32BE(start - 4);
      if (end > bytes.length) break;
      const type = head & 0xf;
      if (type === MESSAGE_RESPONSE) {
        accepted += 1;
      } else if (type === MESSAGE) {
        answers.push(position + 4);
        this.onPayload(bytes, start, end);
      }
      position = end;
    }
    if (answers.length > 0) this.write(answersTo(bytes, answers));
    if (accepted > 0) this.onAccepted(accepted);
    return position;
  }
}

/** Acknowledges everything in a chunk by one write. */
function answersTo(bytes: Buffer, ids: readonly number[]): Buffer {
  const answers = Buffer.allocUnsafe(ids.length * ANSWER_BYTES);
  let at = 0;
  for (const id of ids) {
    answers.writeUInt32BE(0x44494d43, at);
    bytes.copy(answers, at + 4, id, id + 8);
    answers.writeUInt32BE(2, at + 12);
    answers.write('OK', at + 16, 'latin1');
    at += ANSWER_BYTES;
  }
  return answers;
}

/** MTP over TCP. */
export function mtpWire(): Wire {
  let count = 0;
  return {
    name: 'TCP',
    accepts: true,
    ping: Buffer.from(
      encodeFrame({ type: 'command', id: Buffer.from('loadping'), body: Buffer.from('PING') })
        .buffer,
    ),
    frame(payload) {
      const id = Buffer.alloc(8);
      count += 1;
      id.writeUInt32BE(0x10000000, 0);
      id.writeUInt32BE(count, 4);
      return Buffer.from(encodeFrame({ type: 'message', id, body: payload }).buffer);
    },
    async connect(port): Promise<Connection> {
      return new MtpConnection(await openSocket(port));
    },
  };
}
