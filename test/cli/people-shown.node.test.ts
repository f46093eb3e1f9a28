import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { protocol } from '../../apps/cli/src/account/protocol.ts';
import { usualFolder } from '../../apps/cli/src/account/usual-folder.ts';
import { Answerable } from '../../apps/cli/src/chat/answerable.ts';
import { inspect } from '../../apps/cli/src/inspect/bytes.ts';
import { verdictOf } from '../../apps/cli/src/inspect/inspection.ts';
import { People } from '../../apps/cli/src/people/people.ts';
import { labelOf, numberOf } from '../../apps/cli/src/people/person.ts';
import { StoredPeople } from '../../apps/cli/src/people/stored-people.ts';
import { deadline } from '../../apps/cli/src/terminal/deadline.ts';
import { Facebook, register } from '../../packages/client/src/index.ts';
import { memoryStore } from '../../packages/core/src/memory.ts';
import { EntityType, type ID, signDocument } from '../../packages/mkm/src/index.ts';
import { contextOf } from './vectors.node.ts';

/** A user, and a function that adds another person with meta and visa, as a first message does. */
async function someone(): Promise<{
  readonly user: ID;
  readonly people: People;
  readonly meet: (name: string, nickname?: string) => Promise<ID>;
  readonly add: (id: ID, remark?: string) => Promise<void>;
}> {
  const store = memoryStore();
  const facebook = new Facebook({ protocol, store });
  const { id: user } = await register('me', { facebook, algorithm: 'Ed25519' });
  const people = new People(new StoredPeople({ facebook, store }, user), user);
  const meet = async (name: string, nickname = name): Promise<ID> => {
    const signer = await protocol.keys.generate('Ed25519');
    const meta = await protocol.metas.generate({ type: '1', signer, seed: name });
    const id = protocol.metas.makeID(meta, EntityType.User);
    const now = Date.now() / 1000;
    const properties = { name: nickname };
    const visa = await signDocument({ did: id, type: 'visa', properties, now }, signer);
    await facebook.saveMeta(meta.wire, id);
    await facebook.saveDocument(visa.wire, id);
    await people.note(id);
    return id;
  };
  const add = (id: ID, remark?: string): Promise<void> =>
    facebook.addContact(user, id, remark === undefined ? {} : { remark });
  return { user, people, meet, add };
}

test('a stranger with the name of a contact is shown as a stranger, and does not receive messages for the contact', async () => {
  const { user, people, meet, add } = await someone();
  const alice = await meet('alice');
  const mallory = await meet('alice', 'Alice');
  await add(alice);
  expect(await people.label(alice)).toBe('alice');
  expect(await people.label(mallory)).toBe(`[stranger ${numberOf({ id: mallory })}] Alice`);
  expect(await people.label(user)).toBe('you');
  expect(await people.facts(mallory)).toEqual({
    id: mallory.text,
    label: await people.label(mallory),
    standing: 'stranger',
    number: numberOf({ id: mallory }),
    name: 'Alice',
    remark: undefined,
  });
  expect(await people.find('ALICE')).toEqual({ id: alice, by: 'contact' });
  expect(await people.find(numberOf({ id: mallory }))).toMatchObject({ by: 'number' });
  expect((await people.require(numberOf({ id: mallory }).replaceAll('-', ''))).entity).toBe(
    mallory.entity,
  );
  // The tab key offers the name for the contact, and the number for the stranger with the same name.
  expect(await people.references()).toEqual(['alice', numberOf({ id: mallory })]);
});

test('a contact is shown with the name in the ID, whatever the visa says', async () => {
  const { people, meet, add } = await someone();
  const alice = await meet('alice');
  const bob = await meet('bob', 'alice');
  const carol = await meet('carol', 'alice');
  await add(alice);
  await add(bob);
  await add(carol, 'green');
  expect(await people.label(bob)).toBe('bob');
  expect(await people.label(carol)).toBe('green');
  expect(await people.find('alice')).toEqual({ id: alice, by: 'contact' });
  // A second contact with the name: both are shown with their numbers, and the name is ambiguous.
  const second = await meet('alice');
  await add(second);
  expect(await people.label(alice)).toBe(`alice ${numberOf({ id: alice })}`);
  const ambiguous = people.find('alice');
  await expect(ambiguous).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(second.text),
    facts: { candidates: expect.arrayContaining([alice.entity, second.entity]) },
  });
});

test('strangers who wrote are found by name while the name is unique', async () => {
  const { people, meet } = await someone();
  const one = await meet('dave');
  expect(await people.find('dave')).toMatchObject({ by: 'name', id: { entity: one.entity } });
  const other = await meet('eve', 'Dave');
  await expect(people.find('dave')).rejects.toMatchObject({
    code: 'usage',
    facts: { candidates: expect.arrayContaining([one.entity, other.entity]) },
  });
  expect(await people.find('nobody')).toBeUndefined();
  await expect(people.require('nobody')).rejects.toMatchObject({ code: 'identity/not-found' });
});

test('no name can hide the mark of a stranger, or fill more than one line', () => {
  const id = protocol.parseID('hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj');
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('alice: hello', '\r\u001b[2K12:00 alice: hi', ' '.repeat(200), '\u202ealice'),
  );
  fc.assert(
    fc.property(name, (nickname) => {
      const label = labelOf({ id, standing: 'stranger', nickname }, false);
      expect(label.startsWith('[stranger 272-972-7604] ')).toBe(true);
      expect(label).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u);
      expect(label).not.toMatch(/\s{2}/u);
      expect([...label].length).toBeLessThan(120);
    }),
  );
});

test('an answer goes to the last shown sender, and is ambiguous if another one writes in the meantime', async () => {
  const { meet } = await someone();
  const [alice, mallory] = [await meet('alice'), await meet('mallory')];
  const answerable = new Answerable();
  expect(answerable.candidates).toEqual([]);
  answerable.heard(alice);
  answerable.heard(alice);
  expect(answerable.candidates).toEqual([alice]);
  answerable.typed();
  answerable.heard(mallory);
  expect(answerable.candidates).toEqual([alice, mallory]);
  answerable.typed();
  expect(answerable.candidates).toEqual([mallory]);
  expect(answerable.last).toBe(mallory);
});

test('a deadline can be months away', () => {
  vi.useFakeTimers();
  try {
    const day = 86_400;
    for (const days of [1, 24.9, 49.8, 115]) {
      const end = deadline(days * day);
      vi.advanceTimersByTime(days * day * 1000 - 1);
      expect(end.aborted, String(days)).toBe(false);
      vi.advanceTimersByTime(1);
      expect(end.aborted, String(days)).toBe(true);
    }
    expect(deadline(0).aborted).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test('the usual folder follows the conventions of the system, and its error without a home folder names the remedy', () => {
  const on = (platform: NodeJS.Platform) => ({ platform, homedir: () => '/home/moki' });
  expect(usualFolder({}, on('linux'))).toBe('/home/moki/.local/share/dim');
  expect(usualFolder({ XDG_DATA_HOME: '/data' }, on('linux'))).toBe('/data/dim');
  expect(usualFolder({}, on('darwin'))).toBe('/home/moki/Library/Application Support/dim');
  expect(usualFolder({ LOCALAPPDATA: '/local' }, on('win32'))).toBe('/local/dim/Data');
  const lost = {
    platform: 'linux' as const,
    homedir: () => {
      throw new Error('no such user');
    },
  };
  expect(usualFolder({ XDG_DATA_HOME: '/data' }, lost)).toBe('/data/dim');
  const failure = { code: 'no-home', message: expect.stringContaining('DIM_DATA') };
  expect(() => usualFolder({}, lost)).toThrow(expect.objectContaining(failure));
  expect(() => usualFolder({}, { ...lost, homedir: () => '' })).toThrow(
    expect.objectContaining(failure),
  );
});

test.each([
  ['44494d80000000000000000000000004', 'incomplete or damaged: 16 bytes'],
  ['44494d2000000004 5049', 'incomplete: 10 bytes'],
  ['44494d2000000004 50494e47 44494d20', 'incomplete: 4 bytes'],
])('inspect does not call %s whole', async (bytes, says) => {
  const inspection = await inspect(bytes, contextOf({}));
  expect(inspection.kind).toBe('mtp');
  expect(verdictOf(inspection)).toBe('unknown');
  expect(inspection.checks.map(({ message }) => message).join()).toContain(says);
});
