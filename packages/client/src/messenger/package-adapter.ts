import { type Payload, readPayload } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import type { HandshakeBody } from '@dimp/endpoint';
import { definedOnly, type Events, rethrowOurFault, utf8Encode } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Receiver } from '../inbox/receiver.ts';
import type { ReplayMemory } from '../inbox/replay-memory.ts';
import type { MessengerEvents } from './events.ts';
import type { PackedAnswer, Replies } from './replies.ts';

/** Options for {@link PackageAdapter}. */
export interface PackageAdapterOptions {
  readonly receiver: Receiver;
  readonly replies: Replies;
  readonly memory: ReplayMemory;
  readonly events: Events<MessengerEvents>;
}

/** Receives packages that the application carries itself, and hands the answers back to it. */
export class PackageAdapter {
  readonly #options: PackageAdapterOptions;

  constructor(options: PackageAdapterOptions) {
    this.#options = options;
  }

  /** See `Messenger.receivedPackage`. */
  async receive(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    const payload = this.#read(bytes);
    if (payload.kind === 'ping') return [utf8Encode(payload.reply)];
    if (payload.kind !== 'messages') return [];
    const answers: Uint8Array[] = [];
    for (const text of payload.messages) {
      answers.push(...(await this.#receiveMessage(text)).map((each) => each.bytes));
    }
    return answers;
  }

  async #receiveMessage(text: string): Promise<readonly PackedAnswer[]> {
    const { receiver, replies, memory } = this.#options;
    const received = await receiver.receive(text);
    const handled = Promise.all(received.handled);
    // Packing may fail before it is awaited.
    handled.catch(() => undefined);
    const answers = [...(await replies.pack(received.answers))];
    for (const { receipts } of answers) for (const { id } of receipts) await memory.paid(id);
    for (const each of await handled) answers.push(...(await replies.finish(each, true)));
    return answers;
  }

  #read(bytes: Uint8Array): Payload {
    try {
      return readPayload(bytes);
    } catch (error) {
      // There is no message to answer, and packages behind this one may be in order.
      rethrowOurFault(error);
      this.#options.events.emit('refused', { error });
      return { kind: 'ignored' };
    }
  }
}

/**
 * Answers a step of the handshake for an application without a session. Only the station we have dialled may ask us to
 * prove who we are, because another one could pass our answer on and be logged in as us (spec §11.6, §14.1 #9).
 */
export function answerHandshake(
  { state, session }: HandshakeBody,
  from: ID,
  station: ID | undefined,
  events: Events<MessengerEvents>,
): readonly Draft[] {
  if (station === undefined || !sameEntity(from, station)) return [];
  if (state !== 'again' && state !== 'success') return [];
  events.emit('handshake', { station: from, state, ...definedOnly({ session }) });
  if (state === 'success' || session === undefined) return [];
  const body: HandshakeBody = { title: 'Hello world!', session, state: 'restart' };
  return [{ kind: 'handshake', body }];
}
