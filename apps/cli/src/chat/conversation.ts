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

/** Messages whose states are shown; older ones are on their way all the same. */
const MAX_FOLLOWED = 1000;

/** What is sent in a chat, and how far each message has got. */
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
  async say(text: string, peer: ID): Promise<void> {
    await this.#follow(await this.#connection.messenger.send(Text.create({ text }), peer), peer);
  }

  /** Uploads and sends a file. */
  async hand(path: string, kind: 'file' | 'image', peer: ID): Promise<void> {
    const { signal } = this.#context;
    // The format of a file depends on what the program of the peer can read.
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

  /** Waits until everything was sent, or it takes too long: then it goes out the next time. */
  async settle(seconds: number): Promise<void> {
    const { signal } = this.#context;
    const limit = AbortSignal.any([deadline(seconds), signal]);
    const waiting = [...this.#sent.values()].map(({ delivery }) =>
      // Failed, stopped or too late: the states have told.
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

/** A message that was sent, and to whom. */
interface Sent {
  readonly delivery: Delivery;
  readonly to: JsonObject;
  readonly label: string;
}
