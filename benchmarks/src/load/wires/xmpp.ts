import { openSocket, SocketConnection } from './socket-connection.ts';
import type { Wire } from './wire.ts';

/** The virtual host of both XMPP servers. */
export const XMPP_HOST = 'localhost';

const SLASH = 0x2f;
const PING = "<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";

/**
 * A minimal XMPP client (RFC 6120). During login it searches received text for words, later for the ends of messages and for
 * answers to its pings.
 */
export class XmppConnection extends SocketConnection {
  #text = '';
  #waiting: { readonly pattern: RegExp; readonly found: (text: string) => void } | undefined;
  #running = false;

  /** Sends text and waits for words in the answer. */
  ask(question: string, pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.onLost = () => reject(new Error('the server closed the connection'));
      this.#text = '';
      this.#waiting = { pattern, found: resolve };
      this.socket.write(question);
    });
  }

  /** Starts counting messages. */
  run(): void {
    this.#running = true;
  }

  protected override read(bytes: Buffer): number {
    if (this.#running) return this.#readStanzas(bytes);
    this.#text += bytes.toString('utf8');
    const { pattern, found } = this.#waiting ?? {};
    if (pattern?.test(this.#text)) {
      this.#waiting = undefined;
      found?.(this.#text);
    }
    return bytes.length;
  }

  /** Reads stanza by stanza. No element contains another one of the same name. */
  #readStanzas(bytes: Buffer): number {
    let position = 0;
    let answers = 0;
    for (;;) {
      const open = bytes.indexOf('<', position);
      const headEnd = open === -1 ? -1 : bytes.indexOf('>', open);
      if (headEnd === -1) break;
      const name = bytes
        .toString('latin1', open + 1, Math.min(open + 16, headEnd))
        .split(/[ /]/)[0];
      let end = headEnd + 1;
      if (bytes[headEnd - 1] !== SLASH) {
        const close = bytes.indexOf(`</${name}>`, headEnd);
        if (close === -1) break;
        end = close + `</${name}>`.length;
      }
      if (name === 'message') this.onPayload(bytes, open, end);
      else if (name === 'iq') answers += 1;
      else if (name === 'stream:error') throw new Error('the server ended the stream');
      position = end;
    }
    if (answers > 0) this.onAccepted(answers);
    return position;
  }
}

/** XMPP over TCP. The JSON of a message needs no escape inside an element. */
export const xmppWire = {
  name: 'XMPP',
  accepts: true,
  question: Buffer.from(PING),
  ping: Buffer.from(' '),
  frame: (payload: Uint8Array, receiver: string) =>
    Buffer.concat([
      Buffer.from(`<message type='chat' to='${receiver}@${XMPP_HOST}'><body>`),
      payload,
      Buffer.from('</body></message>'),
    ]),
  connect: async (port: number) => new XmppConnection(await openSocket(port)),
} satisfies Wire;
