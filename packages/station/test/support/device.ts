import type { ReceivedMessage } from '@dimp/client';
import { type Arrival, isWaiting, type PackOptions, readPayload } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { handshakeStart } from '@dimp/extensions/commands';
import {
  isJsonObject,
  isProtocolError,
  type JsonObject,
  utf8Decode,
  utf8Encode,
} from '@dimp/foundation';
import { ANY_STATION, type ID } from '@dimp/mkm';
import type { Station } from '../../src/index.ts';
import { type LinkedTransport, linkedTransports } from './linked-transports.ts';
import type { Person, protocol } from './test-users.ts';

type Draft = Parameters<Person['messenger']['pack']>[0];
type Received = ReceivedMessage<typeof protocol>;

const REMOTE = { address: '127.0.0.1', port: 49152, secure: false };

/** How a {@link Device} reads. */
export interface DeviceOptions {
  /** Passes over what it cannot open, instead of failing. */
  readonly lenient?: boolean;
  /** Where it connects from; this machine by default. */
  readonly address?: string;
}

/** A client by hand: the wire, and nothing that helps. */
export class Device {
  readonly person: Person;
  readonly transport: LinkedTransport;
  /** Opened contents, those inside of arrays one by one. */
  readonly contents: Content[] = [];
  /** Texts as they came. */
  readonly raw: string[] = [];
  /** Arrivals that are not acknowledged yet. */
  readonly held: Arrival[] = [];
  /** Ends when the station has ended the connection. */
  readonly served: Promise<void>;
  holds = false;
  session: string | undefined;
  /** Passes over what it cannot open, instead of failing. */
  readonly #lenient: boolean;
  readonly #waiting = new Set<() => void>();

  constructor(station: Station, person: Person, options: DeviceOptions = {}) {
    const { lenient = false, address = REMOTE.address } = options;
    this.#lenient = lenient;
    const [near, far] = linkedTransports();
    this.person = person;
    this.transport = near;
    this.served = station.accept(far, { ...REMOTE, address });
    void this.#read();
  }

  /** A device that has logged in. */
  static async login(station: Station, person: Person, options?: DeviceOptions): Promise<Device> {
    const device = new Device(station, person, options);
    await device.login(station.id);
    return device;
  }

  async login(station: ID): Promise<void> {
    await this.start();
    await this.send(handshakeStart(this.session), station);
    await this.until(() => this.handshakes().some(({ title }) => title === 'DIM!'));
  }

  /** The first step: asks for a session key. */
  async start(): Promise<void> {
    await this.send(handshakeStart(), ANY_STATION, { attachMeta: true, attachVisa: true });
    await this.until(() => this.session !== undefined);
  }

  async pack(draft: Draft, receiver: ID, options: PackOptions = {}): Promise<Uint8Array> {
    const message = await this.person.messenger.pack(draft, receiver, options);
    if (isWaiting(message)) throw new Error(`waits for ${message.for}`);
    return this.person.messenger.serialize(message);
  }

  /** @returns when the station has acknowledged it */
  async send(draft: Draft, receiver: ID, options: PackOptions = {}): Promise<void> {
    await this.transport.send(await this.pack(draft, receiver, options));
  }

  /** Sends a message after something about it was changed. */
  async sendChanged(
    draft: Draft,
    receiver: ID,
    change: (wire: JsonObject) => JsonObject,
  ): Promise<void> {
    const wire = JSON.parse(utf8Decode(await this.pack(draft, receiver))) as JsonObject;
    await this.transport.send(utf8Encode(JSON.stringify(change(wire))));
  }

  handshakes(): { title: string; session?: string; force?: boolean }[] {
    return this.contents
      .filter(({ kind }) => kind === 'handshake')
      .map(({ body }) => body as never);
  }

  texts(): string[] {
    return this.contents
      .filter(({ kind }) => kind === 'text')
      .map(({ body }) => (body as { text: string }).text);
  }

  receipts(): string[] {
    return this.contents
      .filter(({ kind }) => kind === 'receipt')
      .map(({ body }) => (body as { text: string }).text);
  }

  /** Waits until a condition holds, for at most 20 seconds: the disk of a busy machine may take several. */
  async until(holds: () => boolean): Promise<void> {
    const end = Date.now() + 20_000;
    while (!holds()) {
      if (Date.now() > end) throw new Error('it never came to that');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  async close(): Promise<void> {
    await this.transport.close();
    await this.served;
  }

  async #read(): Promise<void> {
    for await (const arrival of this.transport.incoming) {
      if (this.holds) this.held.push(arrival);
      const payload = readPayload(arrival.payload);
      const texts = payload.kind === 'messages' ? payload.messages : [];
      for (const text of texts) await this.#take(text);
      if (!this.holds) arrival.acknowledge();
      for (const wake of [...this.#waiting]) wake();
    }
    for (const wake of [...this.#waiting]) wake();
  }

  async #take(text: string): Promise<void> {
    this.raw.push(text);
    try {
      const received = await this.person.messenger.unpack(utf8Encode(text));
      if (!isWaiting(received)) this.#add(received);
    } catch (error) {
      // It is for another user, so only the text is available.
      if (this.#lenient && isProtocolError(error)) return;
      if (!isProtocolError(error, 'identity/not-found')) throw error;
    }
  }

  #add(received: Received): void {
    const contents: Content[] = [received.content as Content];
    for (const content of contents) {
      const { body } = content;
      if (content.kind === 'array') contents.push(...(body as { contents: Content[] }).contents);
      else this.contents.push(content);
      if (content.kind !== 'handshake' || !isJsonObject(body)) continue;
      if (typeof body['session'] === 'string') this.session = body['session'];
    }
  }
}
