import { Facebook, Messenger } from '@dimp/client';
import { memoryStore } from '@dimp/core/memory';
import { verifyMeta } from '@dimp/mkm';
import { ready } from '../people.ts';
import { protocol } from '../protocol.ts';
import { HULK, HULK_META, HULK_PRIVATE_KEY, MESSAGE, MOKI, MOKI_META } from '../published.ts';
import { ensure, type Stage } from '../stage.ts';

/** Decrypts the message that DIM published in 2018, with the private key that was published, too. */
export async function publishedMessage(stage: Stage): Promise<void> {
  stage.step('A message that DIM published in 2018');
  const moki = protocol.parseID(MOKI);
  const hulk = protocol.parseID(HULK);
  stage.fact('from', moki.text);
  stage.fact('to', hulk.text);

  const meta = protocol.metas.parse(MOKI_META);
  ensure(await verifyMeta(meta), 'the seed in the meta is signed by its key');
  const derived = protocol.metas.makeID(meta, moki.address.network);
  ensure(derived.text === MOKI, 'the ID follows from the meta');
  stage.proven('address', 'derived from the meta of moki, and equal to the one in the ID');

  // The machine of hulk has the private key of hulk, and both metas.
  const facebook = new Facebook({ protocol, store: memoryStore() });
  await facebook.savePrivateKeys(hulk, protocol.keys.parsePrivate(HULK_PRIVATE_KEY));
  await facebook.saveMeta(HULK_META, hulk);
  await facebook.saveMeta(MOKI_META, moki);

  const { transceiver } = new Messenger({ facebook });
  const verified = ready(await transceiver.verify(transceiver.deserialize(MESSAGE)));
  stage.proven('signature', 'verified with the meta key of moki');
  const { content } = await transceiver.decrypt(verified);
  ensure(content.kind === 'text', 'the content is a text');
  const text = content.wire['text'];
  ensure(text === 'Hey guy!', 'the text is the published one');
  stage.proven('text', `"${text}"`);
}
