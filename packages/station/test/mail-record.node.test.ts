import { encodeBase64 } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMail, encodeMail, orderText, payloadOf } from '../src/inbox/mail.ts';

test('what is written is read back, and places are in the order of their texts', () => {
  const order = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(
      order,
      order,
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 1 }),
      fc.nat(),
      (place, other, name, payload, arrived) => {
        const id = encodeBase64(name);
        const mail = decodeMail(orderText(place), encodeMail(arrived, id, payload));
        expect(mail).toMatchObject({ order: place, arrived, id });
        expect(payloadOf(mail)).toEqual(payload);
        expect(orderText(place) < orderText(other)).toBe(place < other);
      },
    ),
  );
});

test('any other bytes or places are refused as damaged', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 60 }), (place, record) => {
      try {
        const mail = decodeMail(place, record);
        expect(orderText(mail.order)).toBe(place);
        expect(record[0]).toBe(2);
      } catch (error) {
        expect(error).toMatchObject({ code: 'store/corrupt' });
      }
    }),
  );
});
