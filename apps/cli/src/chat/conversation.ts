import type { Delivery } from '@dimp/client';
import { Text } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { attach, type FileOptions } from '../messages/attachments.ts';
import type { Connection } from '../messages/connection.ts';
import { deliveryFacts, recordSent, stateText } from '../messages/delivery.ts';
import type { History } from '../messages/history.ts';
import { IDENTITY_TIMEOUT, receiverVisas } from '../messages/receiver-visas.ts';
import type { People } from '../people/people.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import type { Output } from '../terminal/output.ts';

/** Limit for the messages whose states are shown. Older ones are still delivered. */
const MAX_FOLLOWED = 1000;

/** Sends the messages of a chat, and shows their delivery states. */
export class Conversation {
  readonly #connection: Connection;
  readonly #history: History;
  readonly #context: Context;
  readonly #options: FileOptions;
  readonly #output: Output;
  readonly #people: People;
  readonly #sent = new Map<number, Sent>();
  #count = 0;

  constructor(
    connection: Connection,
    history: History,
    people: People,
    output: Output,
    context: Context,
    options: FileOptions,
  ) {
    this.#connection = connection;
    this.#history = history;
    this.#people = people;
    this.#output = output;
    this.#context = context;
    this.#options = options;
  }

  /** Sends a text. */
  async sendText(text: string, peer: ID): Promise<void> {
    await this.#follow(await this.#connection.messenger.send(Text.create({ text }), peer), peer);
  }

  /** Uploads and sends a file. */
  async sendFile(path: string, kind: 'file' | 'image', peer: ID): Promise<void> {
    const { signal } = this.#context;
    // The visa of the peer says which file formats its program can read.
    await receiverVisas(peer, this.#connection, IDENTITY_TIMEOUT, signal);
    const draft = await attach(
      { path, kind },
      peer,
      this.#options,
      this.#connection,
      this.#context,
    );
    await this.#follow(await this.#connection.messenger.send(draft, peer), peer);
  }

  /** Shows the states of all messages of this chat. */
  showStates(): void {
    for (const [number, sent] of this.#sent) this.#show(number, sent);
  }

  /** Waits until all messages are sent, for a limited time. The next call of the program sends the rest. */
  async settle(seconds: number): Promise<void> {
    const { signal } = this.#context;
    const limit = AbortSignal.any([deadline(seconds), signal]);
    const waiting = [...this.#sent.values()].map(({ delivery }) =>
      // The user has already seen why: failed, interrupted or timed out.
      delivery.reached('sent', limit).catch(() => undefined),
    );
    await Promise.all(waiting);
  }

  async #follow(delivery: Delivery, peer: ID): Promise<void> {
    this.#count += 1;
    const number = this.#count;
    const to = await this.#people.facts(peer);
    const sent = { delivery, to, label: await this.#people.label(peer) };
    this.#sent.set(number, sent);
    this.#sent.delete(number - MAX_FOLLOWED);
    this.#show(number, sent);
    delivery.on('state', () => this.#show(number, sent));
    await this.#people.note(peer);
    await recordSent(delivery, peer, this.#history);
  }

  #show(number: number, { delivery, to, label }: Sent): void {
    const { report } = delivery;
    const facts = { number, ...deliveryFacts(delivery, report, to) };
    this.#output.result('delivery', facts, `      #${number} to ${label}: ${stateText(report)}`);
  }
}

/** A sent message and its receiver. */
interface Sent {
  readonly delivery: Delivery;
  readonly to: JsonObject;
  readonly label: string;
}
