import { createProtocol, defineExtension } from '@dimp/core';
import { type AnyContentType, type ContentType, defineContent } from '@dimp/dkd';
import * as commands from '@dimp/extensions/commands';
import * as contents from '@dimp/extensions/contents';
import * as groups from '@dimp/extensions/groups';
import { standard } from '@dimp/extensions/standard';
import { isProtocolError, type Json, type JsonObject } from '@dimp/foundation';
import { literal, object, schema } from '@dimp/foundation/schema';
import { ANYONE, type ID } from '@dimp/mkm';
import {
  type ContentSample,
  contentTypeCompliance,
  type TestFunction,
} from '@dimp/testing/compliance';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const protocol = createProtocol(standard());
const alice = protocol.parseID('0x7950da97AdBd80a84fc46bC66CBee786Aa3ef0Be');
const bob = protocol.parseID('1JxwoorRPu1A7r9TgQqv7Fzin8d2AkqavF');
const group = protocol.parseID('Group-271828@bzkL6d3rEoZV4yMd7tkGtnmWZRdAcVCLp');

const bytes = Uint8Array.of(0, 1, 2, 253, 254, 255, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
const key: JsonObject = { algorithm: 'AES', data: 'ywRqMd5W6wIS4Y+Wi5hiG/BH17otQ+ziHJH65+s3PeE=' };
const file = { filename: 'a.bin', URL: 'https://cdn.example/a', key, IV: bytes };
const picture = { data: bytes, mime: 'image/png' };
/** Name of an entry of a group. */
const entry = 'n4bQgYhMfWWaL+qgxVrQFa';
const signed: JsonObject = { sender: 'a', data: 'b', signature: 'c' };
const nested = protocol.contents.stamp(contents.Text.create({ text: 'inside' }), {
  time: 5,
  sn: 6,
});

const suites: [string, (run: TestFunction) => void][] = [];
const covered = new Set<AnyContentType>();

function samples<K extends string, B>(type: ContentType<K, B>, ...bodies: readonly B[]): void {
  all(
    type,
    bodies.map((body) => ({ body })),
  );
}

function inGroup<K extends string, B>(type: ContentType<K, B>, ...bodies: readonly B[]): void {
  all(
    type,
    bodies.map((body) => ({ body, group })),
  );
}

function all<K extends string, B>(
  type: ContentType<K, B>,
  list: readonly ContentSample<B>[],
): void {
  covered.add(type);
  suites.push([type.kind, (run) => contentTypeCompliance(run, type, { samples: list })]);
}

const preview = {
  URL: 'https://example.org/',
  title: 't',
  desc: 'd',
  icon: 'data:image/png;base64,AAEC',
};
samples(
  contents.Text,
  { text: 'hi' },
  { text: '', format: 'markdown' },
  { text: '@B https://example.org/', mentions: [{ did: bob, at: 0, length: 2 }], preview },
  { text: 'hi', mentions: 'all', preview: { URL: 'http://example.org' }, vanish: 604_800 },
);
inGroup(contents.Text, { text: 'in a group' });
samples(contents.File, { data: bytes, filename: 'x', text: 'below' }, file, {});
samples(
  contents.Image,
  { ...file, thumbnail: picture },
  { thumbnail: { URL: 'https://x.example' } },
);
samples(contents.Audio, {
  ...file,
  text: 'words',
  duration: 3.5,
  length: 40_960,
  waveform: bytes,
});
samples(contents.Video, { ...file, snapshot: picture, title: 't' });
samples(
  contents.Page,
  { URL: 'https://example.org/', title: 't', desc: 'd', icon: picture },
  { title: 't', HTML: '<p>x</p>', mime_type: 'text/html', encoding: 'utf8', base: 'about:blank' },
);
samples(
  contents.NameCard,
  { did: bob },
  { did: bob, name: 'B', avatar: picture, fp: 'B'.repeat(22) },
);
samples(
  contents.Quote,
  { text: 'yes', origin: { sender: alice } },
  { text: 'yes', origin: { sender: alice, receiver: group, type: '1', sn: 7, time: 8.5 } },
  { text: 'yes', origin: { sender: alice, ref: 'r'.repeat(22), text: 'Dinner?' } },
);
samples(contents.Money, { currency: 'USD', amount: 12.5 });
samples(contents.Transfer, { currency: 'RMB', amount: -1, remitter: alice, remittee: bob });
samples(contents.ArrayContent, { contents: [] }, { contents: [nested, nested] });
samples(
  contents.Combine,
  { messages: [] },
  {
    title: 't',
    messages: [{ sender: alice, receiver: bob, group, time: 9.25, content: nested }],
  },
);
samples(
  contents.Forward,
  { messages: [] },
  { messages: [signed] },
  { messages: [signed, { ...signed, sender: 'd' }] },
);
samples(contents.Customized, { app: 'a', mod: 'm', act: 'x', extra: { n: { a: [1] }, text: 't' } });
samples(contents.Application, { app: 'a', mod: 'm', act: 'x' });

samples(
  commands.Handshake,
  { title: 'Hello world!', state: 'start' },
  { title: 'Hello world!', state: 'restart', session: 'k' },
  { title: 'DIM?', state: 'again', session: 'k', remote_address: ['::1', 5], force: true },
  { title: 'DIM!', state: 'success' },
);
samples(commands.MetaCommand, { did: alice }, { did: alice, meta: { type: '4', key } });
samples(
  commands.DocumentsCommand,
  { did: alice, last_time: 8.5 },
  { did: alice, meta: { type: '4', key }, documents: [{ data: '{}', signature: 'AAAA' }] },
);
samples(
  commands.Receipt,
  {},
  {
    text: 'Message received.',
    origin: {
      sender: alice,
      receiver: bob,
      group,
      time: 5,
      type: '1',
      sn: 6,
      signature: bytes,
      IV: bytes,
    },
    template: 'Not updated.',
    replacements: { did: 'x' },
  },
);
samples(
  commands.Login,
  { did: alice },
  {
    did: alice,
    device: 'd',
    agent: 'a',
    station: { did: bob, host: 'h', port: 9394 },
    provider: { did: bob },
  },
);
samples(commands.Report, { title: 'online' }, { title: 'apns', extra: { device_token: 'ab' } });
samples(
  commands.Search,
  { keywords: ['alice', 'bob'], start: 0, limit: 20 },
  { keywords: ['users'] },
  { keywords: [], station: bob, users: [alice], results: { x: { type: '1' } } },
);
samples(
  commands.Storage,
  { title: 'contacts', did: alice },
  { title: 'contacts', did: alice, data: bytes, key: bytes, contacts: [bob] },
);
samples(commands.Mute, {}, { list: [] }, { list: [alice, group] });
samples(commands.Block, {}, { list: [] }, { list: [alice, group] });
samples(
  commands.Ans,
  { names: ['a', 'b'] },
  { names: ['a'], records: { a: alice }, missed: ['b'] },
);
samples(commands.Push, { items: [] }, { items: [{ receiver: bob, aps: { badge: 1 } }] });
samples(commands.Command, { command: 'weather' }, { command: 'weather', extra: { city: 'x' } });
samples(commands.History, { command: 'suicide', extra: { reason: 'test' } });

inGroup(groups.Found, {}, { members: [alice] });
inGroup(groups.Abdicate, {}, { members: [alice] });
inGroup(
  groups.Invite,
  { members: [] },
  { members: [alice, bob] },
  { members: [bob], reason: 'a friend' },
  {
    members: [bob],
    change: { over: [{ member: bob, removals: [entry] }], answers: [entry], declines: [] },
  },
);
inGroup(groups.Expel, { members: [alice] }, { members: [alice], change: {} });
inGroup(groups.Review, { change: {} }, { change: { declines: [entry] } });
inGroup(groups.Join, {}, { link: { by: 'bob' }, reason: 'please' });
inGroup(groups.Quit, {});
inGroup(groups.Query, {}, { last_time: 5.5 });
inGroup(
  groups.Reset,
  { members: [alice, bob] },
  { members: [alice], projects: entry },
  {
    members: [alice, bob],
    state: {
      floor: 5.5,
      folds: [entry],
      administrators: [{ id: bob, since: 4 }],
      policy: { invite: 'members' },
      previous: entry,
    },
  },
);
inGroup(groups.Hire, {}, { administrators: [alice], assistants: [bob] });
inGroup(groups.Fire, { administrators: [], assistants: [bob] });
inGroup(groups.Resign, {});
inGroup(groups.GroupCommand, { command: 'rename', members: [bob], extra: { label: 'x' } });
inGroup(groups.GroupHistoryQuery, {}, { last_time: 5.5 });
inGroup(groups.GroupKeysQuery, { from: alice }, { from: alice, to: [bob], digest: 'tP/LI3N8' });
inGroup(
  groups.GroupKeysUpdate,
  { from: alice, keys: [] },
  { from: alice, digest: 'd', keys: [{ member: bob, key: bytes }] },
);
inGroup(groups.GroupKeysRequest, { from: alice }, { from: alice, digest: 'd' });
inGroup(groups.GroupKeysRespond, { from: alice, digest: 'd', keys: [{ member: bob, key: bytes }] });

for (const [kind, register] of suites) describe(`content type ${kind}`, () => register(test));

test('every content type of the preset has samples', () => {
  expect(standard().contents.filter((type) => !covered.has(type))).toEqual([]);
});

describe('the content compliance suite', () => {
  interface Mood {
    readonly mood: 'happy' | 'sad';
  }
  const good: ContentType<'com.example/mood', Mood> = defineContent({
    kind: 'com.example/mood',
    match: { type: '204', app: 'com.example', mod: 'chat', act: 'mood' },
    schema: object({ mood: literal('happy', 'sad') }),
    fallback: (body) => `feels ${body.mood}`,
  });
  const spoiled = (change: Partial<ContentType<'com.example/mood', Mood>>) => ({
    ...good,
    ...change,
  });
  const failuresOf = (type: ContentType<'com.example/mood', Mood>) =>
    failures((run) => contentTypeCompliance(run, type, { samples: [{ body: { mood: 'sad' } }] }));

  test('accepts a good content type of another author', async () => {
    expect(await failuresOf(good)).toEqual([]);
  });

  test.each<[string, Partial<ContentType<'com.example/mood', Mood>>, string]>([
    [
      'a lossy encoding',
      { encode: () => ({ mood: 'happy' }) },
      'what is written is read back, by this type',
    ],
    [
      'an encoding that overwrites the serial number',
      { encode: (body) => ({ ...body, sn: 1 }) },
      'the wire is JSON, and the type writes its own members only',
    ],
    [
      'an encoding that is no JSON',
      { encode: (body) => ({ ...body, more: Number.NaN }) },
      'the wire is JSON, and the type writes its own members only',
    ],
    [
      'a reader that throws anything',
      {
        schema: () =>
          schema<Mood>(
            (wire) => {
              const { mood } = wire as unknown as { mood: string };
              return { mood: mood.trim() as 'sad' };
            },
            (body) => ({ ...body }),
          ),
      },
      'hostile members give a content or a ProtocolError',
    ],
    [
      'a match that another type has as well',
      { match: { type: '1' } },
      'a registry takes the type once',
    ],
    [
      'a reader that refuses members it does not know',
      {
        schema: () =>
          schema<Mood>(
            (wire, field) => {
              const { mood } = object({ mood: literal('happy', 'sad') }).decode(wire, field);
              if (Object.keys(wire as JsonObject).includes('x-unknown')) throw new Error('strict');
              return { mood };
            },
            (body) => ({ ...body }),
          ),
      },
      'unknown members are kept',
    ],
    [
      'a fallback that is no text',
      { fallback: (() => 5) as unknown as () => string },
      'the fallback is text or nothing',
    ],
  ])('finds %s', async (_, change, name) => {
    expect(await failuresOf(spoiled(change))).toContain(name);
  });

  test('requires samples', () => {
    expect(() => contentTypeCompliance(() => undefined, good, { samples: [] })).toThrow(TypeError);
  });
});

/** Runs a suite outside of the framework and yields the names of the tests that failed. */
async function failures(register: (run: TestFunction) => void): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = [];
  try {
    register((name, run) => tests.push([name, run]));
  } catch {
    return ['a registry takes the type once'];
  }
  const failed: string[] = [];
  for (const [name, run] of tests) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

test('any JSON with names of all generations gives a content or a ProtocolError', () => {
  const names =
    'type sn time group command cmd did ID T N W G C version text key password members member ' +
    'station provider login app mod act from origin contents messages';
  const value = fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<Json>(1, '136', '137', 'command', '202', '204', 'login', 'meta', 'invite'),
    fc.constantFrom<Json>(
      alice.text,
      group.text,
      { toString: 1 },
      { did: alice.text, ID: bob.text },
    ),
  );
  const content = fc.dictionary(fc.constantFrom(...names.split(' ')), value, { maxKeys: 12 });
  fc.assert(
    fc.property(content, (wire) => {
      try {
        expect(protocol.parseContent(wire as JsonObject).type).not.toBe('');
      } catch (error) {
        if (!isProtocolError(error)) throw error;
        expect(error.code).toMatch(/^(format|unsupported)\//);
      }
    }),
    { numRuns: 2000 },
  );
});

describe('types', () => {
  test('the kind narrows the body, and an unregistered kind does not compile', () => {
    const read = protocol.parseContent({ type: '1', sn: 1, text: 'x' });
    const say = (content: typeof read): string => {
      switch (content.kind) {
        case 'text':
          return content.body.text;
        case 'reset':
          return content.body.members.map((each: ID) => each.text).join();
        case 'unknown':
          return content.type;
        default:
          return '';
      }
    };
    expect(say(read)).toBe('x');
    // @ts-expect-error -- no such kind was registered
    expect(read.kind === 'com.example/greeting').toBe(false);

    const Greeting: ContentType<'com.example/greeting', { mood: 'happy' }> = defineContent({
      kind: 'com.example/greeting',
      match: { type: '204', app: 'com.example' },
      schema: object({ mood: literal('happy') }),
    });
    const draft = Greeting.create({ mood: 'happy' });
    // @ts-expect-error -- contents that are not registered cannot be stamped
    expect(() => protocol.contents.stamp(draft, { time: 1 })).toThrow('not registered');
    const wider = createProtocol(
      standard(),
      defineExtension({ name: 'mine', contents: [Greeting] }),
    );
    expect(wider.contents.stamp(draft, { time: 1 }).wire).toMatchObject({ mood: 'happy' });
  });

  test('a group command without a group neither compiles nor runs', () => {
    // @ts-expect-error -- the group is required
    expect(() => groups.Invite.create({ members: [ANYONE] })).toThrow(TypeError);
  });
});
