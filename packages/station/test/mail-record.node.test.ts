import { encodeBase64 } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COPY_NAME_LENGTH } from '../src/inbox/copy-name.ts';
import { decodeMail, encodeMail, orderText, payloadOf } from '../src/inbox/mail.ts';
import { tagOf } from '../src/limits/stored-payer.ts';

test('what is written is read back, and places are in the order of their texts', () => {
  const order = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(
      order,
      order,
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 1 }),
      fc.nat(),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (place, other, name, payload, arrived, copied) => {
        const id = encodeBase64(name);
        const copy = encodeBase64(copied).slice(0, COPY_NAME_LENGTH);
        const mail = decodeMail(orderText(place), encodeMail(arrived, id, copy, payload));
        expect(mail).toMatchObject({ order: place, arrived, id, copy });
        expect(payloadOf(mail)).toEqual(payload);
        expect(orderText(place) < orderText(other)).toBe(place < other);
      },
    ),
  );
});

test('the payer is written and read back', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.string(),
      fc.boolean(),
      fc.uint8Array({ minLength: 1 }),
      (sender, address, network, unseen, payload) => {
        const tags = { sender: tagOf(sender), address: tagOf(address), network: tagOf(network) };
        const payer = { ...tags, unseen };
        const id = encodeBase64(new Uint8Array(32));
        const mail = decodeMail(orderText(7), encodeMail(1000, id, 'A'.repeat(22), payload, payer));
        expect(mail.payer).toEqual(payer);
        expect(payloadOf(mail)).toEqual(payload);
        expect(tagOf(sender) === tagOf(address)).toBe(sender === address);
      },
    ),
  );
});

test('the time of a message is written and read back, and does not change the message', () => {
  const payer = { sender: tagOf('s'), address: tagOf('a'), network: tagOf('n'), unseen: false };
  const id = encodeBase64(new Uint8Array(32));
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.uint8Array({ minLength: 1 }), (until, payload) => {
      const record = encodeMail(1000, id, 'A'.repeat(22), payload, payer, until);
      const mail = decodeMail(orderText(7), record);
      expect(mail).toMatchObject({ until, payer, arrived: 1000 });
      expect(payloadOf(mail)).toEqual(payload);
      // A record that ends before the message is damaged.
      const head = record.subarray(0, record.length - payload.length);
      expect(() => decodeMail(orderText(7), head)).toThrow('cannot be read');
    }),
  );
});

test('any other bytes or places are refused as damaged', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 60 }), (place, record) => {
      try {
        const mail = decodeMail(place, record);
        expect(orderText(mail.order)).toBe(place);
        expect([2, 3]).toContain(record[0]);
      } catch (error) {
        expect(error).toMatchObject({ code: 'store/corrupt' });
      }
    }),
  );
});

test('a record that an older version of the station wrote is read, without the name of its copy', () => {
  const id = encodeBase64(new Uint8Array(32).fill(7));
  const payload = new TextEncoder().encode('{"data":"old"}');
  const record = new Uint8Array(9 + 44 + payload.length);
  record[0] = 2;
  new DataView(record.buffer).setFloat64(1, 1234.5);
  record.set(new TextEncoder().encode(id), 9);
  record.set(payload, 9 + 44);
  const mail = decodeMail(orderText(5), record);
  expect(mail).toMatchObject({ order: 5, arrived: 1234.5, id, copy: '' });
  expect(payloadOf(mail)).toEqual(payload);
});
