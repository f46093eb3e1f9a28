import { isWaiting } from '@dimp/core';
import { Image, Text } from '@dimp/extensions/contents';
import { equalBytes, utf8Decode } from '@dimp/foundation';
import { introduce, type Person, pack, unpack } from '../people.ts';
import { PICTURE, THUMBNAIL } from '../pictures.ts';
import { ensure, type Stage } from '../stage.ts';

/** Sends a text. alice and bob do not know each other yet, so this shows what is needed first. */
export async function textMessage(stage: Stage, alice: Person, bob: Person): Promise<void> {
  stage.step('A text from alice to bob');
  const draft = Text.create({ text: 'Hello bob, this is alice.' });
  const tooEarly = await alice.messenger.pack(draft, bob.user.id);
  ensure(isWaiting(tooEarly) && tooEarly.for === 'visa', 'alice waits for the visa of bob');
  stage.fact('waiting', 'for the visa of bob, which contains the encryption key');
  await introduce(bob, alice);
  stage.fact('arrived', 'meta and visa of bob, both verified');

  // bob does not know alice, so the first message carries her meta and visa.
  const bytes = await pack(alice, draft, bob.user.id, { attachMeta: true, attachVisa: true });
  showWire(stage, bytes);
  const { content, envelope } = await unpack(bob, bytes);
  ensure(content.kind === 'text' && content.body.text === draft.body.text, 'bob reads the text');
  stage.proven('bob reads', `${envelope.sender.name}: "${content.body.text}"`);
}

/** Sends a picture inside a message. */
export async function imageMessage(stage: Stage, alice: Person, bob: Person): Promise<void> {
  stage.step('A picture from bob to alice');
  const draft = Image.create({
    data: PICTURE,
    filename: 'sun.png',
    thumbnail: { data: THUMBNAIL, mime: 'image/png' },
  });
  const bytes = await pack(bob, draft, alice.user.id);
  showWire(stage, bytes);
  const { content } = await unpack(alice, bytes);
  ensure(content.kind === 'image', 'alice gets a picture');
  const { data, thumbnail, filename } = content.body;
  ensure(data !== undefined && equalBytes(data, PICTURE), 'the picture is the same');
  ensure(
    thumbnail?.data !== undefined && equalBytes(thumbnail.data, THUMBNAIL),
    'the thumbnail is the same',
  );
  stage.proven(
    'alice sees',
    `${filename}, ${data.length} bytes, thumbnail of ${thumbnail.data.length} bytes: unchanged`,
  );
}

/** Shows the length and the first characters of a message. */
export function showWire(stage: Stage, bytes: Uint8Array): void {
  stage.fact('wire', `${bytes.length} bytes of JSON`);
  const { sender, data, key, signature } = JSON.parse(utf8Decode(bytes)) as Record<string, string>;
  const members = { sender, data, key, signature };
  for (const [name, value = ''] of Object.entries(members)) {
    const text = value.length > EXCERPT ? `${value.slice(0, EXCERPT)}\u2026` : value;
    stage.note(`${''.padEnd(12)} "${name}": "${text}"`);
  }
}

const EXCERPT = 44;
