import { expect, test } from 'vitest';
import { DeferredMessages, showDeferred } from '../../apps/cli/src/messages/deferred.ts';
import { People } from '../../apps/cli/src/people/people.ts';
import { StoredPeople } from '../../apps/cli/src/people/stored-people.ts';
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
  const { facebook } = hulk;
  const people = new People(
    new StoredPeople({ facebook, store: facebook.store }, hulk.id),
    hulk.id,
  );
  const lines: string[] = [];
  const notes: string[] = [];
  const output = (json: boolean) =>
    new Output(
      { write: (line: string) => lines.push(line) },
      { write: (line: string) => notes.push(line) },
      { json, quiet: false },
    );
  await world.deliver(second.bytes, hulk);
  const waiting = async () => {
    const messages = await hulk.messenger.deferred();
    return messages.map((each) => ({ ...each, sender: each.sender?.text ?? '' }));
  };
  await expect.poll(waiting).toHaveLength(1);
  const deferred = new DeferredMessages();
  for (const each of await waiting()) await deferred.report(each, people, output(false));
  // A second message of the same sender with the same reason is no news.
  for (const each of await waiting()) await deferred.report(each, people, output(false));
  expect(notes).toEqual([
    expect.stringMatching(
      /^a message from \[stranger \d{3}-\d{3}-\d{4}\] moki has been waiting for the message before it since [-\d: ]+, until [-\d: ]+ at the latest\n$/,
    ),
  ]);
  await showDeferred(await waiting(), people, output(true));
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
