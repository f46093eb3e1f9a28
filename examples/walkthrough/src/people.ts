import {
  Facebook,
  Messenger,
  type ReceivedMessage,
  type RegisterOptions,
  register,
} from '@dimp/client';
import { isWaiting, type Waiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { ID, User } from '@dimp/mkm';
import { protocol } from './protocol.ts';
import { ensure } from './stage.ts';

/** A person with a machine of their own. People share only the bytes that they exchange. */
export interface Person {
  readonly name: string;
  readonly user: User;
  readonly facebook: Facebook<typeof protocol>;
  readonly messenger: Messenger<typeof protocol>;
}

/** Creates an identity on a new machine, with a store in memory. */
export async function newPerson(
  name: string,
  identity: Omit<RegisterOptions<typeof protocol>, 'facebook'> = {},
): Promise<Person> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const user = await register(name, { ...identity, facebook });
  return { name, user, facebook, messenger: new Messenger({ facebook }) };
}

/** Gives the meta and visa of one person to another, as the JSON that a station would send. Both are verified. */
export async function introduce(known: Person, to: Person): Promise<void> {
  const meta = await known.user.meta();
  const visa = await known.user.visa();
  ensure(meta !== undefined && visa !== undefined, `${known.name} has a meta and a visa`);
  await to.facebook.saveMeta(asJson(meta.wire), known.user.id);
  await to.facebook.saveDocument(asJson(visa.wire), known.user.id);
}

/** Converts a value to JSON and back, as a receiver sees it. */
export function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** The result of a step that needs no more information. @throws `Error` if it waits */
export function ready<T extends object>(outcome: T | Waiting): T {
  if (isWaiting(outcome)) throw new Error(`not as expected: waiting for a ${outcome.for}`);
  return outcome;
}

/** Packs a content into the bytes of a message. */
export async function pack(
  { messenger }: Person,
  draft: Parameters<Person['messenger']['pack']>[0],
  receiver: ID,
  options: Parameters<Person['messenger']['pack']>[2] = {},
): Promise<Uint8Array> {
  return messenger.serialize(ready(await messenger.pack(draft, receiver, options)));
}

/** Verifies and decrypts a message. */
export async function unpack(
  { messenger }: Person,
  bytes: Uint8Array,
): Promise<ReceivedMessage<typeof protocol>> {
  return ready(await messenger.unpack(bytes));
}
