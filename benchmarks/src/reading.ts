import { isWaiting } from '@dimp/core';
import { Text } from '@dimp/extensions/contents';
import { encodeBase64 } from '@dimp/foundation';
import { introduce, KINDS, newPerson, protocol } from './people.ts';
import type { Suite } from './suite.ts';

const SIZES: readonly (readonly [name: string, bytes: number])[] = [
  ['100B', 100],
  ['10KB', 10_000],
  ['750KB', 750_000],
];

/** Bytes to messages and back, without cryptography; what an engine itself needs for JSON and Base64 beside it. */
export const reading: Suite = async (bench, primitives) => {
  const [kind] = KINDS.slice(1);
  if (kind === undefined) return;
  const [alice, bob] = [await newPerson(kind), await newPerson(kind)];
  await introduce(alice, bob);
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  for (const [size, bytes] of SIZES) {
    const message = await alice.messenger.pack(Text.create({ text: 'x'.repeat(bytes) }), bob.id);
    if (isWaiting(message))
      throw new Error('the message waits for an identity, which should be known');
    const wire = alice.messenger.serialize(message);
    const data = encodeBase64(message.data);
    await bench.compare(`message/serialize/${size}`, () => alice.messenger.serialize(message), {
      bare: () => encoder.encode(JSON.stringify(message.wire)),
    });
    await bench.compare(`message/parse/${size}`, () => protocol.parseMessage(wire), {
      bare() {
        JSON.parse(decoder.decode(wire));
        primitives.fromBase64(data);
      },
    });
  }
};
