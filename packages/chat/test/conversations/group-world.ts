import { createGroup } from '@dimp/client';
import type { ID } from '@dimp/mkm';
import { expect } from 'vitest';
import type { Chat } from '../../src/index.ts';
import { befriend, type Person, type PersonOptions, World } from './world.ts';

/** A group of people who know each other; the first is its owner. */
export async function groupOf(
  names: readonly string[],
  options: PersonOptions & { readonly administrators?: readonly number[] } = {},
) {
  const world = new World();
  const people: Person[] = [];
  for (const name of names) people.push(await world.join(name, options));
  await befriend(...people);
  const [owner] = people;
  if (owner === undefined) expect.unreachable();
  const administrators = (options.administrators ?? []).map((at) => people[at]?.id.text ?? '');
  const group = await createGroup('team', {
    facebook: owner.facebook,
    founder: owner.id,
    members: people.slice(1).map(({ id }) => id),
    bulletin: { administrators },
  });
  for (const person of people.slice(1)) await share(owner, person, group.id);
  const chats: Chat[] = [];
  for (const { chats: api } of people) chats.push(await api.open(group.id.text));
  return { world, people, chats, group: group.id };
}

/** Gives somebody what they need to know of a group. */
async function share(from: Person, to: Person, group: ID): Promise<void> {
  const meta = await from.facebook.meta(group);
  const bulletin = await from.facebook.document(group);
  if (meta === undefined || bulletin === undefined) expect.unreachable();
  await to.facebook.saveMeta(meta, group);
  await to.facebook.saveMembers(group, await from.facebook.members(group));
  await to.facebook.saveDocument(bulletin, group);
}

/** The chats of a group, each by name of its person. */
export function must<T>(value: T | undefined): T {
  if (value === undefined) expect.unreachable();
  return value;
}
