import { isWaiting, type PackOptions, readPayload, type Transport } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { Handshake, handshakeStart } from '@dimp/extensions/commands';
import { until as soon } from '@dimp/fixtures/http';
import { isProtocolError, type JsonObject, utf8Decode, utf8Encode } from '@dimp/foundation';
import { ANY_STATION, ANYONE, type ID } from '@dimp/mkm';
import { expect, onTestFinished } from 'vitest';
import { type HostileStation, type Way, wayTo } from './hostile-station.ts';
import type { Person } from './test-users.ts';

type Draft = Parameters<Person['messenger']['pack']>[0];

/** How a client speaks. */
export interface MaliciousClientOptions {
  readonly way?: Way;
  /** Leaves everything that arrives unacknowledged. */
  readonly silent?: boolean;
}

/** An attacker with keys and a socket, who may write what no client would write. */
export class MaliciousClient {
  readonly person: Person;
  readonly transport: Transport;
  /** Contents from the station that the attacker can decrypt, those inside arrays one by one. */
  readonly contents: Content[] = [];
  /** Everything that has arrived, as text. */
  readonly raw: string[] = [];
  session: string | undefined;
  closed = false;
  readonly #silent: boolean;
  readonly #station: ID;

  private constructor(person: Person, station: ID, transport: Transport, silent: boolean) {
    this.person = person;
    this.transport = transport;
    this.#station = station;
    this.#silent = silent;
    void this.#read().catch(() => undefined);
  }

  /** Connects, and says nothing. */
  static async dial(
    world: HostileStation,
    person: Person,
    { way = 'mtp', silent = false }: MaliciousClientOptions = {},
  ): Promise<MaliciousClient> {
    const transport = await wayTo(world, way)({ maxPayloadBytes: 4 * 1024 * 1024 });
    onTestFinished(() => transport.close());
    return new MaliciousClient(person, world.station.id, transport, silent);
  }

  /** Connects and logs in, which is allowed: anyone can register. */
  static async login(
    world: HostileStation,
    person: Person,
    options?: MaliciousClientOptions,
  ): Promise<MaliciousClient> {
    const client = await MaliciousClient.dial(world, person, options);
    await client.start();
    client.send(await client.pack(handshakeStart(client.session)));
    await until(() => client.handshakes().includes('DIM!'));
    return client;
  }

  /** Asks for a session key. */
  async start(): Promise<void> {
    const attach = { attachMeta: true, attachVisa: true };
    this.send(await this.pack(handshakeStart(), ANY_STATION, attach));
    await until(() => this.session !== undefined);
  }

  async pack(
    draft: Draft,
    receiver: ID = this.#station,
    options: PackOptions = {},
  ): Promise<Uint8Array> {
    const message = await this.person.messenger.pack(draft, receiver, options);
    if (isWaiting(message)) throw new Error(`waits for ${message.for}`);
    return this.person.messenger.serialize(message);
  }

  /** The JSON of a message that is signed as it should be. */
  async wire(draft: Draft, receiver?: ID, options?: PackOptions): Promise<JsonObject> {
    return JSON.parse(utf8Decode(await this.pack(draft, receiver, options))) as JsonObject;
  }

  /** Throws something at the station, and does not wait for what it says. */
  send(payload: Uint8Array | JsonObject | string): void {
    const bytes =
      payload instanceof Uint8Array
        ? payload
        : utf8Encode(typeof payload === 'string' ? payload : JSON.stringify(payload));
    void this.transport.send(bytes).catch(() => undefined);
  }

  /** Says a content to the station, and returns the texts of the receipts that come for it. */
  async ask(draft: Draft, receiver?: ID): Promise<readonly string[]> {
    const before = this.receipts().length;
    this.send(await this.pack(draft, receiver));
    await until(() => this.receipts().length > before);
    return this.receipts().slice(before);
  }

  /**
   * Waits until the station has done with all that was said before: it takes one message of a connection after the other,
   * and answers this one to all, logged in or not. Also when it has closed the connection.
   */
  async settled(): Promise<void> {
    const answers = () =>
      this.handshakes().filter((title) => title === 'Nice to meet you too!').length;
    const before = answers();
    const question = Handshake.create({ title: 'Nice to meet you!' });
    this.send(await this.pack(question, ANYONE, { attachMeta: true, attachVisa: true }));
    await until(() => this.closed || answers() > before);
  }

  receipts(): readonly string[] {
    return this.of('receipt').map(({ text }) => text as string);
  }

  handshakes(): readonly string[] {
    return this.of('handshake').map(({ title }) => title as string);
  }

  of(kind: string): readonly Record<string, unknown>[] {
    return this.contents.filter((each) => each.kind === kind).map(({ body }) => body as never);
  }

  async close(): Promise<void> {
    await this.transport.close();
  }

  async #read(): Promise<void> {
    try {
      for await (const arrival of this.transport.incoming) {
        const payload = readPayload(arrival.payload);
        const texts = payload.kind === 'messages' ? payload.messages : [];
        for (const text of texts) await this.#take(text);
        if (!this.#silent) arrival.acknowledge();
      }
    } finally {
      this.closed = true;
    }
  }

  async #take(text: string): Promise<void> {
    this.raw.push(text);
    try {
      const received = await this.person.messenger.unpack(utf8Encode(text));
      if (!isWaiting(received)) this.#add(received.content as Content);
    } catch (error) {
      // Messages for other users cannot be decrypted.
      if (!isProtocolError(error)) throw error;
    }
  }

  #add(content: Content): void {
    const { kind, body } = content;
    if (kind === 'array') {
      for (const inner of (body as { contents: Content[] }).contents) this.#add(inner);
      return;
    }
    this.contents.push(content);
    const { session } = body as { session?: unknown };
    if (kind === 'handshake' && typeof session === 'string') this.session = session;
  }
}

/** Waits until something is so: patiently, as attacks are meant to be work for the machine. */
export function until(isSo: () => unknown, patience = 20_000): Promise<void> {
  return soon(isSo, patience);
}

/** Asserts that nothing from an attacker has reached a user: neither shown nor on its way. */
export function expectNothingOf(text: string, texts: readonly string[]): void {
  expect(texts.filter((each) => each.includes(text))).toEqual([]);
}
