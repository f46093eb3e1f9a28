import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, type Stage } from '@dimp/example-walkthrough/stage';
import { Person, textOf } from './person.ts';
import { PICTURE } from './picture.ts';
import type { Line } from './program.ts';
import type { DemoStation } from './station.ts';

/** Two people make identities on machines of their own. */
export async function introduce(
  stage: Stage,
  folder: string,
  { address }: DemoStation,
): Promise<readonly [Person, Person]> {
  stage.step('Two people make an identity, each on a machine of their own');
  const people = [
    new Person('moki', folder, address),
    new Person('hulk', folder, address),
  ] as const;
  await Promise.all(people.map((person) => person.register()));
  // Files are saved from contacts only, and contacts are shown by their names alone.
  const [moki, hulk] = people;
  await moki.run('contacts', 'add', hulk.id).end();
  await hulk.run('contacts', 'add', moki.id).end();
  for (const person of people) stage.fact(person.name, person.id);
  stage.note(
    'Nobody handed these names out: the address follows from the key, so whoever has the meta can check it.',
  );
  return people;
}

/** A text to somebody who is not there. */
export async function leaveMessage(stage: Stage, moki: Person, hulk: Person): Promise<void> {
  stage.step('moki writes to hulk, who is offline');
  // hulk has been there once, so that the station knows his visa.
  await hulk.run('listen', '--timeout', '3').end();
  const lines = await moki
    .run('send', hulk.id, 'Hello', 'hulk,', 'are', 'you', 'there?', '--until', 'delivered')
    .end();
  const last = lines.filter(({ type }) => type === 'delivery').at(-1);
  stage.proven('state', textOf(last, 'state'));
  stage.fact('receipt', textOf(last, 'receipt'));
  stage.note(
    'Encrypted for hulk and signed by moki. The station keeps what it cannot read, on its disk.',
  );
}

/** The picture that follows, and what hulk gets when he comes back. */
export async function comeBack(
  stage: Stage,
  moki: Person,
  hulk: Person,
  folder: string,
): Promise<void> {
  stage.step('moki sends a picture; hulk comes back and gets both');
  const picture = join(folder, 'sun.png');
  await writeFile(picture, PICTURE);
  await moki.run('send', hulk.id, '--image', picture, '--until', 'delivered').end();
  const saved = join(folder, 'saved');
  const lines = await hulk
    .run('listen', '--count', '2', '--timeout', '40', '--save', saved, '--save-from', 'everybody')
    .end();
  const messages = lines.filter(({ type }) => type === 'message');
  ensure(messages.length === 2, 'hulk gets two messages');
  for (const message of messages) {
    ensure(message['sender'] === moki.id, 'they are from moki');
    stage.proven('hulk reads', textOf(message, 'text'));
  }
  const file = textOf(
    lines.find(({ type }) => type === 'saved'),
    'file',
  );
  ensure((await readFile(file)).equals(PICTURE), 'the picture is what moki sent');
  stage.proven('picture', `downloaded, decrypted, the same ${PICTURE.length} bytes`);
}

/** hulk answers; moki learns that everything has arrived. */
export async function answer(stage: Stage, moki: Person, hulk: Person): Promise<void> {
  stage.step('hulk answers while moki listens');
  const listening = moki.run('listen', '--count', '1', '--timeout', '40');
  const sent = await hulk.run('send', moki.id, 'Here', 'I', 'am!', '--until', 'received').end();
  const message: Line | undefined = (await listening.end()).find(({ type }) => type === 'message');
  stage.proven('moki reads', textOf(message, 'text'));
  const last = sent.filter(({ type }) => type === 'delivery').at(-1);
  ensure(last?.['state'] === 'received', 'hulk hears of it');
  stage.fact('hulk sees', `${textOf(last, 'state')}: moki's program has it`);
}
