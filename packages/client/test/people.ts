import { createProtocol, isWaiting, type PackOptions } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { standard } from '@dimp/extensions/standard';
import type { ID, User } from '@dimp/mkm';
import { expect } from 'vitest';
import { Facebook, Messenger, type RegisterOptions, register } from '../src/index.ts';

export const protocol = createProtocol(standard());

export interface Person {
  readonly facebook: Facebook<typeof protocol>;
  readonly messenger: Messenger<typeof protocol>;
  readonly user: User;
}

/** A user with a machine of their own. */
export async function newUser(
  name: string,
  options: Omit<RegisterOptions, 'facebook'> = {},
): Promise<Person> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const messageAlgorithm = options.messageAlgorithm ?? 'RSA';
  const user = await register(name, { ...options, messageAlgorithm, facebook });
  return { facebook, messenger: new Messenger({ facebook }), user };
}

/** Exchanges the metas and visas of all; `one way` gives only the first person's to the others. */
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

/** The bytes of a message that needs nothing else to arrive. */
export async function packed(
  { messenger }: Person,
  draft: Parameters<Person['messenger']['pack']>[0],
  receiver: ID,
  options: PackOptions = {},
): Promise<Uint8Array> {
  const message = await messenger.pack(draft, receiver, options);
  if (isWaiting(message)) expect.unreachable();
  return messenger.serialize(message);
}
