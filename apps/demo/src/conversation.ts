import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, type Stage } from '@dimp/example-walkthrough/stage';
import { Person, textOf } from './person.ts';
import { PICTURE } from './picture.ts';
import type { Line } from './program.ts';
import type { DemoStation } from './station.ts';

/** Two people create identities, each in a folder of their own. */
export async function introduce(
  stage: Stage,
  folder: string,
  { address }: DemoStation,
): Promise<readonly [Person, Person]> {
  stage.step('Two people create their identities, each in a folder of their own');
  const people = [
    new Person('moki', folder, address),
    new Person('hulk', folder, address),
  ] as const;
  await Promise.all(people.map((person) => person.register()));
  // dim saves files of contacts only, and shows contacts by their name alone.
  const [moki, hulk] = people;
  await moki.run('contacts', 'add', hulk.id).end();
  await hulk.run('contacts', 'add', moki.id).end();
  for (const person of people) stage.fact(person.name, person.id);
  stage.note(
    'No server assigns these IDs. The part after the @ is derived from the public key, so everyone can verify it.',
  );
  return people;
}

/** Sends a text to a person who is offline. */
export async function leaveMessage(stage: Stage, moki: Person, hulk: Person): Promise<void> {
  stage.step('moki writes to hulk, who is offline');
  // hulk logs in once, so that the station knows their visa.
  await hulk.run('listen', '--timeout', '3').end();
  const text = 'Hello hulk, are you there?';
  stage.fact('moki writes', text);
  const lines = await moki.run('send', hulk.id, text, '--until', 'delivered').end();
  const last = lines.filter(({ type }) => type === 'delivery').at(-1);
  stage.proven('delivery', textOf(last, 'state'));
  stage.fact('station says', `"${textOf(last, 'receipt')}"`);
  stage.note(
    'The message is encrypted for hulk and signed by moki. The station stores it on disk and cannot read it.',
  );
}

/** Sends a picture. hulk comes online and receives both messages. */
export async function comeBack(
  stage: Stage,
  moki: Person,
  hulk: Person,
  folder: string,
): Promise<void> {
  stage.step('moki sends a picture; hulk comes online and receives both messages');
  const picture = join(folder, 'sun.png');
  await writeFile(picture, PICTURE);
  await moki.run('send', hulk.id, '--image', picture, '--until', 'delivered').end();
  const saved = join(folder, 'saved');
  const lines = await hulk
    .run('listen', '--count', '2', '--timeout', '40', '--save', saved, '--save-from', 'everybody')
    .end();
  const messages = lines.filter(({ type }) => type === 'message');
  ensure(messages.length === 2, 'hulk receives two messages');
  for (const message of messages) {
    ensure(message['sender'] === moki.id, 'both are from moki');
    stage.proven('hulk reads', textOf(message, 'text'));
  }
  const file = textOf(
    lines.find(({ type }) => type === 'saved'),
    'file',
  );
  ensure((await readFile(file)).equals(PICTURE), 'the saved picture is the one that moki sent');
  stage.proven(
    'picture',
    `downloaded and decrypted: the same ${PICTURE.length} bytes that moki sent`,
  );
}

/** hulk answers and sees that the answer has arrived. */
export async function answer(stage: Stage, moki: Person, hulk: Person): Promise<void> {
  stage.step('hulk answers while moki is online');
  const listening = moki.run('listen', '--count', '1', '--timeout', '40');
  const text = 'Here I am!';
  stage.fact('hulk writes', text);
  const sent = await hulk.run('send', moki.id, text, '--until', 'received').end();
  const message: Line | undefined = (await listening.end()).find(({ type }) => type === 'message');
  stage.proven('moki reads', textOf(message, 'text'));
  const last = sent.filter(({ type }) => type === 'delivery').at(-1);
  ensure(last?.['state'] === 'received', 'hulk sees that the message was received');
  stage.fact('delivery', `${textOf(last, 'state')}: the message is on moki's machine`);
}
