import { createGroup } from '@dimp/client';
import { Text } from '@dimp/extensions/contents';
import { asJson, introduce, newPerson, type Person, ready, unpack } from '../people.ts';
import { ensure, type Stage } from '../stage.ts';
import { present } from './new-users.ts';

/** Creates a group, and sends a message to its three other members, who use three key algorithms. */
export async function groupMessage(stage: Stage, alice: Person, bob: Person): Promise<Person> {
  stage.step('A group of four');
  const [carol, dave] = await Promise.all([
    newPerson('carol', { algorithm: 'ECC', metaType: '4' }),
    newPerson('dave', { algorithm: 'Ed25519' }),
  ]);
  await present(stage, carol);
  await present(stage, dave);
  const members = [bob, carol, dave];
  for (const member of members) {
    await introduce(member, alice);
    await introduce(alice, member);
  }

  const group = await createGroup('friends', {
    facebook: alice.facebook,
    founder: alice.user.id,
    members: members.map(({ user }) => user.id),
  });
  stage.fact('friends', group.id.text);
  const meta = await group.meta();
  const bulletin = await group.bulletin();
  ensure(meta !== undefined && bulletin !== undefined, 'a group has a meta and a bulletin');
  for (const { facebook } of members) {
    await facebook.saveMeta(asJson(meta.wire), group.id);
    await facebook.saveMembers(group.id, await group.members());
    await facebook.saveDocument(asJson(bulletin.wire), group.id);
  }

  const draft = Text.create({ text: 'Hello all of you.' });
  const messages = ready(await alice.messenger.packForGroup(draft, group.id));
  ensure(messages.length === members.length, 'each member gets a message');
  for (const [index, member] of members.entries()) {
    const message = messages[index];
    ensure(message !== undefined, 'each member gets a message');
    const bytes = alice.messenger.serialize(message);
    const { content } = await unpack(member, bytes);
    ensure(content.kind === 'text' && content.body.text === draft.body.text, 'members read it');
    ensure(content.group?.entity === group.id.entity, 'the text names the group');
    stage.proven(`${member.name} reads`, `"${content.body.text}" (${bytes.length} bytes)`);
  }
  stage.note('The group is named inside the encrypted content, where stations cannot see it.');
  return carol;
}
