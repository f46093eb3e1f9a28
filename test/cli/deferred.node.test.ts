import { expect, test } from 'vitest';
import { DeferredMessages } from '../../apps/cli/src/messages/deferred.ts';
import { People } from '../../apps/cli/src/people/people.ts';
import { Output } from '../../apps/cli/src/terminal/output.ts';
import { acquaint, text, World } from '../../packages/client/test/world.ts';

test('a message that waits for an earlier one is reported with its sender, the reason and the latest time', async () => {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  await acquaint(moki, hulk);
  for (const each of ['one', 'two']) await moki.messenger.send(text(each), hulk.id);
  await moki.messenger.idle();
  const [, second] = moki.sent.splice(0);
  if (second === undefined) expect.unreachable();
  const people = new People({ facebook: hulk.facebook, store: hulk.facebook.store }, hulk.id);
  const lines: string[] = [];
  const notes: string[] = [];
  const output = (json: boolean) =>
    new Output(
      { write: (line: string) => lines.push(line) },
      { write: (line: string) => notes.push(line) },
      { json, quiet: false },
    );
  await using _live = new DeferredMessages(hulk.messenger, people, output(false));
  await world.deliver(second.bytes, hulk);
  await expect
    .poll(() => notes.join(''))
    .toMatch(
      /^a message from \[stranger \d{3}-\d{3}-\d{4}\] moki has been waiting for the message before it since [-\d: ]+, until [-\d: ]+ at the latest\n$/,
    );
  // A program that starts later reports the message, too.
  await using later = new DeferredMessages(hulk.messenger, people, output(true));
  await later.reportAll();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      type: 'deferred',
      id: expect.any(String),
      from: expect.objectContaining({ id: moki.id.text, standing: 'stranger' }),
      reason: 'order',
      since: expect.any(Number),
      until: expect.any(Number),
    },
  ]);
  const [{ since, until }] = lines.map((line) => JSON.parse(line));
  expect(until - since).toBe(600);
});
