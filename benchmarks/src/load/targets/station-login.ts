import { isWaiting } from '@dimp/core';
import type { Draft, ReliableMessage } from '@dimp/dkd';
import { type HandshakeBody, handshakeStart } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { ANY_STATION, type ID } from '@dimp/mkm';
import { messengerOf, type PersonData } from '../people/person.ts';
import type { Connection, PayloadListener, Wire } from '../wires/wire.ts';

/** How long a station may take to answer. */
const PATIENCE_MS = 20_000;

/** Address of a station, and the listener of the connection. */
export interface Door {
  readonly wire: Wire;
  readonly port: number;
  readonly listen: PayloadListener;
}

/**
 * Logs in as every client does (spec §9.4, §11.6): an offer with meta and visa, the station's key for this session, the
 * offer once more with that key, signed.
 */
export async function loginStation(
  { wire, port, listen }: Door,
  person: PersonData,
  messageKey: JsonObject,
): Promise<Connection> {
  const messenger = await messengerOf(person, messageKey);
  const connection = await wire.connect(port);
  try {
    const attached = { attachMeta: true, attachVisa: true };
    const packed = async (draft: Draft<'handshake', HandshakeBody>, receiver: ID) => {
      const message = await messenger.pack(draft, receiver, attached);
      if (isWaiting(message))
        throw new Error('the message waits for an identity, which should be known');
      return wire.frame(messenger.serialize(message as ReliableMessage), '');
    };
    /** @returns the answer to a handshake, and its sender */
    const ask = async (question: Uint8Array) => {
      for await (const payload of payloads(connection, listen, question)) {
        const answer = await messenger.unpack(payload);
        if (isWaiting(answer) || answer.content.kind !== 'handshake') continue;
        return { station: answer.envelope.sender, body: answer.content.body };
      }
      throw new Error('the station closed the connection');
    };
    const again = await ask(await packed(handshakeStart(), ANY_STATION));
    if (again.body.session === undefined) throw new Error('there is no session key');
    const success = await ask(await packed(handshakeStart(again.body.session), again.station));
    if (success.body.state !== 'success') throw new Error('the station refused the session key');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    await messenger[Symbol.asyncDispose]();
  }
}

/** Sends payloads and yields the answers. */
async function* payloads(
  connection: Connection,
  listen: PayloadListener,
  question: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const arrived: Uint8Array[] = [];
  let wake: (error?: Error) => void = () => {};
  connection.onPayload = (bytes, start, end) => {
    listen(bytes, start, end);
    arrived.push(Buffer.from(bytes.subarray(start, end)));
    wake();
  };
  connection.onLost = () => wake(new Error('the station closed the connection'));
  connection.write(question);
  const timer = setTimeout(() => wake(new Error('the station does not answer')), PATIENCE_MS);
  try {
    for (;;) {
      const next = arrived.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      await new Promise<void>((resolve, reject) => {
        wake = (error) => (error === undefined ? resolve() : reject(error));
      });
    }
  } finally {
    clearTimeout(timer);
    connection.onPayload = listen;
  }
}
