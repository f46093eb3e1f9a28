import type { Content } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { EntityType, type ID } from '@dimp/mkm';
import { type Dialect, deployed } from '../src/dialects.ts';
import { isWaiting, type Transceiver } from '../src/index.ts';
import { MemoryArchive } from '../src/memory.ts';
import { deviceOf, introduce, makePeer, OLD, type Peer } from './peers.ts';
import { content, NOW, protocol } from './protocol.ts';

const NAMES = ['alice', 'bob', 'carol', 'dave', 'mallory'] as const;
export type Name = (typeof NAMES)[number];
type Group = 'team';

async function makePeople(): Promise<Readonly<Record<Name, Peer>>> {
  const [alice, bob, carol, dave, mallory] = [
    await makePeer([OLD]),
    await makePeer([OLD]),
    await makePeer([OLD]),
    await makePeer([OLD]),
    await makePeer([OLD]),
  ];
  return { alice, bob, carol, dave, mallory };
}

const people = await makePeople();
const MEMBERS: readonly Name[] = ['alice', 'bob', 'dave'];
const { signer } = people.alice;
const teamMeta = await protocol.metas.generate({ type: '1', signer, seed: 'team' });
const team = protocol.metas.makeID(teamMeta, EntityType.Group);

/** A machine of one person, who knows others and perhaps the group `team` of alice, bob and dave. */
export async function machine(
  local: Name,
  known: readonly Name[] = [],
  groups: readonly Group[] = [],
): Promise<Transceiver> {
  const { id, signer, messageKeys } = people[local];
  const archive = new MemoryArchive();
  archive.addIdentity({ id, signer, decryptKeys: messageKeys });
  const device = deviceOf(archive);
  await introduce(device, ...[local, ...known].map((name) => people[name]));
  if (groups.length > 0) {
    for (const name of MEMBERS) await device.barrack.saveMeta(people[name].meta, idOf(name));
    await device.barrack.saveMembers(team, MEMBERS.map(idOf));
    await device.barrack.saveMeta(teamMeta, team);
  }
  return device.transceiver;
}

export function idOf(name: Name | Group): ID {
  return name === 'team' ? team : people[name].id;
}

/** A text from one person to another, as bytes. */
export async function textMessage(
  from: Transceiver,
  sender: Name,
  receiver: ID,
  text: string,
  options: { readonly dialect?: Dialect; readonly group?: ID } = {},
): Promise<Uint8Array> {
  const { dialect = deployed, group } = options;
  const draft = Text.create({ text }, group === undefined ? {} : { group });
  const message = {
    envelope: { sender: idOf(sender), receiver, time: NOW },
    content: content(draft),
  };
  const secure = await from.encrypt(message, { dialect });
  if (isWaiting(secure)) throw new Error(`waiting for ${secure.for}`);
  return from.serialize(await from.sign(secure, { dialect }));
}

/** Opens bytes all the way. */
export async function open(machine: Transceiver, bytes: Uint8Array | string): Promise<Content> {
  const verified = await machine.verify(machine.deserialize(bytes));
  if (isWaiting(verified)) throw new Error(`waiting for ${verified.for}`);
  return (await machine.decrypt(verified)).content;
}
