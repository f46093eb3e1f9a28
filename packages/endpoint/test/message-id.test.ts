import { sha256 } from '@dimp/crypto/digests';
import type { Envelope } from '@dimp/dkd';
import { concatBytes, encodeBase64, utf8Encode } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMessageID, messageID } from '../src/index.ts';
import { newUser } from './people.ts';

const sender = (await newUser('moki', { algorithm: 'ECC' })).user.id;

/** An envelope whose sender has an entity key of any text. */
function envelopeOf(entity: string): Envelope {
  return { sender: { ...sender, entity: entity as EntityKey }, receiver: sender, time: 0 };
}

test('the name of a message depends on its sender and data only, for all lengths and after any other message', () => {
  const senders = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
  const lengths = fc.oneof(fc.nat(300), fc.integer({ min: 8000, max: 8300 }));
  fc.assert(
    fc.property(senders, lengths, fc.nat(255), (entity, length, byte) => {
      const data = new Uint8Array(length).fill(byte);
      const message = { envelope: envelopeOf(entity), data };
      const joined = concatBytes(utf8Encode(entity), Uint8Array.of(0), data);
      const name = messageID(message);
      expect(name).toBe(encodeBase64(sha256(joined)));
      expect(isMessageID(name)).toBe(true);
    }),
  );
});
