import { isWaiting, systemClock, Transceiver } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { DEFAULT_FRESHNESS, Freshness } from '@dimp/endpoint';
import { encodeBase64, randomBytes, utf8Encode } from '@dimp/foundation';
import { describe, expect, inject, test } from 'vitest';
import { StoredKeyOwners } from '../../src/directory/stored-key-owners.ts';
import { limitsOf, RateLimiter, Station, StationCommands, silentMetrics } from '../../src/index.ts';
import { decryptCommand } from '../../src/ingress/command-decryption.ts';
import { isRefused } from '../../src/ingress/refused.ts';
import { Device } from '../support/device.ts';
import { oldKey, oldMessage, signed, withFirstBlock } from '../support/legacy-messages.ts';
import { introduce, newPerson, openStation, type Person, tell } from '../support/test-users.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether to repeat as often as CI does: with DIM_THOROUGH=1. */
    thorough: boolean;
  }
}

/** First blocks that an attacker tries: if one opens, the attacker knows the original block. */
const GUESSES = ['{"T":9,"N":9}', '{"T":1,"N":9}', '{"T":255,"N":1}', '{"T":136,"N":9}'];
/** Queries of an attacker. */
const QUERIES = inject('thorough') ? 10_000 : 2_000;
const SECRET = 'my PIN is 4711';

async function world(original: 'seen' | 'withheld') {
  const store = memoryStore();
  const first = await openStation(store);
  await first.station.stop();
  const {
    facebook,
    station: { id },
  } = first;
  const [moki, mallory] = [await newPerson('moki'), await newPerson('mallory')];
  await introduce(moki, mallory);
  for (const person of [moki, mallory]) {
    await tell(facebook, person);
    await tell(person.facebook, { id, facebook } as Person);
  }
  const key = oldKey();
  // The content that Moki sent to the station fits into one block. Mallory has its `data` and `key`.
  const victim = await oldMessage(moki, id, SECRET, key);
  const seen = JSON.stringify({
    time: Date.now() / 1000,
    type: 136,
    sn: 1,
    command: 'mute',
    list: [],
  });
  const known = original === 'seen' ? await oldMessage(moki, id, seen, key) : undefined;
  return { store, facebook, id, moki, mallory, victim, known };
}

describe.each(['seen', 'withheld'] as const)(
  'a key of another user that was %s before',
  (original) => {
    test('opens nothing in thousands of queries, and right guesses look like wrong ones', async () => {
      const { store, facebook, mallory, victim, known } = await world(original);
      const transceiver = new Transceiver({
        barrack: facebook,
        keyOwners: new StoredKeyOwners(store),
      });
      const limits = limitsOf();
      const keeper = new RateLimiter({ limits, clock: systemClock, metrics: silentMetrics });
      const commands = new StationCommands({
        facebook,
        id: (await facebook.currentUser())?.id ?? expect.unreachable(),
        keeper,
      });
      const freshness = new Freshness(systemClock, DEFAULT_FRESHNESS);
      const ask = async (wire: object): Promise<string> => {
        const verified = await transceiver.verify(transceiver.deserialize(JSON.stringify(wire)));
        if (isWaiting(verified)) return 'waits';
        try {
          const { content } = await decryptCommand(verified, { transceiver, freshness, commands });
          return content.kind;
        } catch (error) {
          return isRefused(error) ? `${error.code} ${error.text}` : String(error);
        }
      };
      if (known !== undefined) expect(await ask(known)).toBe('mute');
      const stolen = await signed(mallory, victim);
      const answers = new Map<string, number>();
      const padded = (text: string) => text.padEnd(16, String.fromCharCode(16 - text.length));
      for (let query = 0; query < QUERIES; query++) {
        const right = query % 10 === 0;
        const guess = padded(GUESSES[(query / 10) % GUESSES.length] ?? '');
        const wire = right
          ? withFirstBlock(stolen, padded(SECRET), guess)
          : { ...stolen, IV: encodeBase64(randomBytes(16)) };
        const answer = await ask(wire);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
      expect([...answers]).toEqual([['crypto/decrypt Message not valid.', QUERIES]]);
      await commands[Symbol.asyncDispose]();
    }, 300_000);
  },
);

test('over a session, each failure between wrapped key and content has one text and one code', async () => {
  const { facebook, id, mallory, victim } = await world('withheld');
  const keeper = new RateLimiter({
    limits: limitsOf(),
    clock: systemClock,
    metrics: silentMetrics,
  });
  const commands = new StationCommands({ facebook, id, keeper });
  const station = await Station.open({ facebook, id, keeper, commands });
  const device = await Device.login(station, mallory);
  const stolen = await signed(mallory, victim);
  const padded = (text: string) => text.padEnd(16, String.fromCharCode(16 - text.length));
  const now = Date.now() / 1000;
  const tries = [
    stolen,
    { ...stolen, IV: encodeBase64(randomBytes(16)) },
    { ...stolen, key: encodeBase64(randomBytes(256)) },
    ...GUESSES.map((guess) => withFirstBlock(stolen, padded(SECRET), padded(guess))),
    // Mallory's own messages, which nothing proves to be theirs: not a command, too old, or unreadable.
    await oldMessage(mallory, id, JSON.stringify({ time: now, type: 1, sn: 1, text: 'x' })),
    await oldMessage(mallory, id, JSON.stringify({ time: now, type: 136, sn: 1, command: 'xyz' })),
    await oldMessage(mallory, id, JSON.stringify({ time: 1e9, type: 136, sn: 1, command: 'mute' })),
    await oldMessage(mallory, id, 'no JSON'),
    await oldMessage(mallory, id, '{"sn":1}'),
  ];
  for (const [index, wire] of tries.entries()) {
    await device.transport.send(utf8Encode(JSON.stringify(wire)));
    await device.until(() => device.receipts().length === index + 1);
  }
  const said = device.contents
    .filter(({ kind }) => kind === 'receipt')
    .map(({ wire }) => `${String(wire['code'])} ${String(wire['text'])}`);
  expect(new Set(said)).toEqual(new Set(['crypto/decrypt Message not valid.']));
  // A command that is carried out is one, also from an older program.
  const mute = { time: now, type: 136, sn: 1, command: 'mute', list: [] };
  await device.transport.send(
    utf8Encode(JSON.stringify(await oldMessage(mallory, id, JSON.stringify(mute)))),
  );
  await device.until(() => device.receipts().includes('Mute received.'));
  await station.stop();
  await commands[Symbol.asyncDispose]();
});
