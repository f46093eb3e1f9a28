import {
  bindEnvelope,
  createProtocol,
  isWaiting,
  type KeyCache,
  type PackOptions,
  seconds,
  Transceiver,
} from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { standard } from '@dimp/extensions/standard';
import type { ID, User } from '@dimp/mkm';
import { expect } from 'vitest';
import { Facebook, type RegisterOptions, register } from '../src/index.ts';

export const protocol = createProtocol(standard());

export interface Person {
  readonly facebook: Facebook<typeof protocol>;
  readonly packer: Packer;
  readonly user: User;
}

type Draft = Parameters<typeof protocol.contents.stamp>[0];

/** Packs and opens messages: a transceiver and nothing else. */
export class Packer {
  readonly #facebook: Facebook<typeof protocol>;
  readonly #transceiver: Transceiver;

  constructor(facebook: Facebook<typeof protocol>, keyCache?: KeyCache) {
    this.#facebook = facebook;
    this.#transceiver = new Transceiver({ barrack: facebook, ...(keyCache && { keyCache }) });
  }

  async pack(draft: Draft, receiver: ID, options: PackOptions = {}) {
    const user = await this.#facebook.currentUser();
    if (user === undefined) expect.unreachable();
    const time = seconds(this.#facebook.clock);
    const envelope = { sender: user.id, receiver, time };
    const group = receiver.isGroup && !receiver.isBroadcast ? { group: receiver } : {};
    const content = protocol.contents.stamp({ ...draft, ...group }, { time });
    const bound = bindEnvelope(content, envelope);
    const secure = await this.#transceiver.encrypt({ envelope, content: bound }, options);
    if (isWaiting(secure)) expect.unreachable();
    return this.#transceiver.sign(secure, options);
  }

  async packed(draft: Draft, receiver: ID, options: PackOptions = {}): Promise<Uint8Array> {
    return this.#transceiver.serialize(await this.pack(draft, receiver, options));
  }

  async unpack(input: string | Uint8Array) {
    const message = await this.#transceiver.verify(this.#transceiver.deserialize(input));
    if (isWaiting(message)) expect.unreachable();
    const opened = await this.#transceiver.decrypt(message);
    if (isWaiting(opened)) expect.unreachable();
    return opened;
  }
}

/** A user with a store of their own. */
export async function newUser(
  name: string,
  options: Omit<RegisterOptions, 'facebook'> = {},
): Promise<Person> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const messageAlgorithm = options.messageAlgorithm ?? 'RSA';
  const user = await register(name, { ...options, messageAlgorithm, facebook });
  return { facebook, packer: new Packer(facebook), user };
}

/** Saves the meta and the visa of each person at all others; `one way`: only of the first person. */
export async function introduce(...people: readonly (Person | 'one way')[]): Promise<void> {
  const persons = people.filter((each) => each !== 'one way');
  const oneWay = people.includes('one way');
  for (const [index, from] of persons.entries()) {
    if (oneWay && index > 0) break;
    for (const to of persons) {
      if (to === from) continue;
      const meta = await from.user.meta();
      const visa = await from.user.visa();
      if (!meta || !visa) expect.unreachable();
      await to.facebook.saveMeta(meta, from.user.id);
      await to.facebook.saveDocument(visa, from.user.id);
    }
  }
}
