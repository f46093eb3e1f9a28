import type { SentMessage } from '@dimp/chat';
import { type LocalClient, type OpenClientOptions, openClient } from '@dimp/chat/client';
import type { Store } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { type CrashingStore, type CrashOptions, crashingStore } from '../network/crashing-store.ts';
import { seededRandom } from '../network/seeded-random.ts';
import type { VirtualTime } from '../network/virtual-time.ts';
import type { WorldLine } from './world-network.ts';

/** What a {@link Person} is made with. */
export interface PersonParts {
  readonly name: string;
  readonly seed: string;
  readonly durable: Store;
  readonly time: VirtualTime;
  readonly line: WorldLine;
  readonly options: Omit<OpenClientOptions, 'store' | 'network' | 'clock' | 'timers' | 'random'>;
  /** The ID of another person, or the text itself. */
  readonly idOf: (nameOrID: string) => string;
}

/** A person with a client on the simulated network. The program can be killed and started again; the store stays. */
export class Person {
  readonly name: string;
  /** ID as text. */
  readonly id: string;
  /** What is on disk. */
  readonly durable: Store;
  readonly #parts: PersonParts;
  #client: LocalClient;
  #store: CrashingStore;
  #runs = 1;

  private constructor(parts: PersonParts, client: LocalClient, store: CrashingStore, id: string) {
    this.name = parts.name;
    this.id = id;
    this.durable = parts.durable;
    this.#parts = parts;
    this.#client = client;
    this.#store = store;
  }

  static async open(parts: PersonParts): Promise<Person> {
    const store = crashingStore(parts.durable);
    const client = await openPerson(parts, store, 1);
    const { id } = await client.me.ready;
    return new Person(parts, client, store, id);
  }

  /** The client of the present run. After a restart it is another one. */
  get client(): LocalClient {
    return this.#client;
  }

  /** Writes to a person. @param to - a name in this world, or an ID */
  async say(to: string, content: string | Draft): Promise<SentMessage> {
    const chat = await this.#client.chats.open(this.#parts.idOf(to));
    return chat.send(content);
  }

  /** The texts of the conversation with a person, oldest first. */
  async read(from: string): Promise<readonly string[]> {
    const chat = await this.#client.chats.open(this.#parts.idOf(from));
    const texts: string[] = [];
    for await (const { text } of chat.messages()) texts.push(text);
    return texts;
  }

  set online(online: boolean) {
    this.#parts.line.online = online;
  }

  get online(): boolean {
    return this.#parts.line.online;
  }

  /** Resolves when the program has nothing to do at this moment. */
  async idle(): Promise<void> {
    await this.#client.parts?.messenger.idle();
  }

  /** Kills the program in the midst of what it does, after some more writes. */
  crash(options: CrashOptions): void {
    this.#store.crash(options);
  }

  /** Kills the program: everything that is not on disk is lost. */
  async kill(): Promise<void> {
    this.#store.crash();
    // A killed program cannot say goodbye.
    await this.#client.close().catch(() => undefined);
  }

  /** Starts the program again, over what is on disk. */
  async restart(): Promise<void> {
    await this.#client.close().catch((error: unknown) => {
      if (!this.#store.crashed) throw error;
    });
    this.#runs += 1;
    this.#store = crashingStore(this.#parts.durable);
    this.#client = await openPerson(this.#parts, this.#store, this.#runs);
  }
}

function openPerson(parts: PersonParts, store: Store, run: number): Promise<LocalClient> {
  const { options, line, time, seed, name } = parts;
  return openClient({
    ...options,
    store,
    network: line,
    clock: time,
    timers: time,
    random: seededRandom(`${seed} ${name} ${run}`),
  });
}
