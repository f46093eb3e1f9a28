import { readFileSync } from 'node:fs';
import { Facebook, Messenger } from '@dimp/client';
import { isWaiting, type Store } from '@dimp/core';
import { memoryStore, memoryTransportPair } from '@dimp/core/memory';
import type { Content } from '@dimp/dkd';
import { decodeHex, type JsonObject, utf8Encode } from '@dimp/foundation';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { limitsOf, RateLimiter, Station, StationCommands } from '../src/index.ts';
import { protocol } from './support/test-users.ts';

// What the reference client really sent, to a station that has the keys of the reference station and, where it makes a
// session key, makes the recorded one.

interface Account {
  readonly id: string;
  readonly meta: JsonObject;
  readonly documents: readonly JsonObject[];
  readonly identity_key: JsonObject;
  readonly message_keys: readonly JsonObject[];
}

interface Case {
  readonly input: { readonly direction: string };
  readonly expect: {
    readonly messages?: readonly { readonly message_utf8: string; readonly open?: JsonObject }[];
  };
}

const vectors = (path: string): JsonObject =>
  JSON.parse(readFileSync(new URL(`../../../vectors/${path}`, import.meta.url), 'utf8'));
const accounts = vectors('accounts.json')['accounts'] as unknown as Record<string, Account>;

/** The accounts' documents were signed once more, later than the recording. */
const LATER = Math.max(
  ...Object.values(accounts).flatMap(({ documents = [] }) =>
    documents.map(({ data }) => Number(JSON.parse(String(data)).time)),
  ),
);

/** @param time - seconds since the epoch, when it is once all is saved */
async function facebookOf(name: string, store: Store, time: number) {
  const account = accounts[name] as Account;
  let seconds = LATER;
  const facebook = new Facebook({ protocol, store, clock: { now: () => seconds * 1000 } });
  const id = protocol.parseID(account.id);
  await facebook.saveLocalUser({
    id,
    meta: await protocol.metas.parse(account.meta),
    documents: account.documents.map((wire) => protocol.documents.parse(wire, id)),
    signer: protocol.keys.parsePrivate(account.identity_key) as never,
    messageKeys: account.message_keys.map((wire) => protocol.keys.parsePrivate(wire)) as never,
  });
  seconds = time;
  return { facebook, id };
}

describe.each([
  ['login-mtp-alice', 'rig-alice'],
  ['login-mtp-bob', 'rig-bob'],
  ['login-ws-bob', 'rig-bob'],
])('the recorded %s', (file, name) => {
  const cases = vectors(`transport/valid/${file}.json`)['cases'] as unknown as Case[];
  const said = (direction: string) =>
    cases
      .filter(({ input }) => input.direction === direction)
      .flatMap(({ expect: { messages = [] } }) => messages);
  const contentsOf = (direction: string) => said(direction).map(({ open }) => JSON.stringify(open));

  test('logs in at our station, which stores visa and location', async () => {
    const texts = said('C>S').map(({ message_utf8 }) => message_utf8);
    const time = Math.max(...texts.map((text) => Number(JSON.parse(text).time)));
    const key = /"session\\?":\s*\\?"([0-9a-f]{64})/.exec(contentsOf('S>C').join())?.[1] ?? '';
    expect(key).toHaveLength(64);
    const { facebook, id } = await facebookOf('rig-station', memoryStore(), time);
    const keeper = new RateLimiter({ limits: limitsOf(), clock: facebook.clock });
    const commands = new StationCommands({ facebook, id, keeper });
    const station = await Station.open({
      facebook,
      id,
      keeper,
      commands,
      random: { bytes: (length) => decodeHex(key).slice(0, length) },
    });
    onTestFinished(async () => {
      await station.stop();
      await commands[Symbol.asyncDispose]();
    });
    const [near, far] = memoryTransportPair();
    void station.accept(far, { address: '127.0.0.1', port: 1, secure: false });
    const user = await facebookOf(name, memoryStore(), LATER);
    const messenger = new Messenger({ facebook: user.facebook });
    const heard: Content[] = [];
    void (async () => {
      for await (const { payload, acknowledge } of near.incoming) {
        acknowledge();
        const opened = await messenger.unpack(payload);
        if (!isWaiting(opened)) heard.push(opened.content);
      }
    })();
    for (const text of texts) await near.send(utf8Encode(text));
    const titles = () => heard.map(({ body }) => (body as JsonObject)['title']);
    await vi.waitFor(() => expect(titles()).toContain('DIM!'), { timeout: 5000 });
    expect(titles().slice(0, 2)).toEqual(['DIM?', 'DIM!']);
    await vi.waitFor(async () => expect(await commands.logins.get(user.id)).toBeDefined(), {
      timeout: 5000,
    });
    expect((await facebook.document(user.id))?.type).toBe('visa');
    expect(station.health()).toMatchObject({ users: 1 });
    await near.close();
  });

  test('does not log in where another session key was made', async () => {
    const texts = said('C>S').map(({ message_utf8 }) => message_utf8);
    const time = Math.max(...texts.map((text) => Number(JSON.parse(text).time)));
    const { facebook, id } = await facebookOf('rig-station', memoryStore(), time);
    const station = await Station.open({ facebook, id });
    onTestFinished(() => station.stop());
    const [near, far] = memoryTransportPair();
    void station.accept(far, { address: '127.0.0.1', port: 1, secure: false });
    for (const text of texts.slice(0, 2)) await near.send(utf8Encode(text));
    let answers = 0;
    for await (const { acknowledge } of near.incoming) {
      acknowledge();
      answers += 1;
      if (answers === 2) break;
    }
    expect(station.health()).toMatchObject({ users: 0 });
  });
});
