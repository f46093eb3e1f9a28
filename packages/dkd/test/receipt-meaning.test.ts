import { ERRORS } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { receiptMeaning } from '../src/index.ts';

describe('a receipt without a code', () => {
  test.each([
    'Message received.',
    'Message delivered.',
    'Message delivered',
    'Message cached.',
    'Message redirected.',
    'Message redirected via station bridge.',
    'Message forwarded.',
  ])('with the text "%s" accepts the message', (text) => {
    expect(receiptMeaning({ text })).toEqual({ kind: 'accepted' });
  });

  test.each([
    ['Message is blocked by "hulk"', 'policy/blocked'],
    ['Permission denied.', 'policy/unauthorized'],
    ['Group message not allow for this station', 'policy/unauthorized'],
    ['Message format error.', 'format/field'],
    ['Message too large.', 'format/limit'],
    ['Message not valid.', 'crypto/signature'],
    ['Failed to decrypt message.', 'crypto/decrypt'],
    ['Message not accepted.', 'store/quota'],
    ['Message not delivered.', 'transport/refused'],
    ['Too many messages.', 'policy/rate-limited'],
  ])('with the text "%s" refuses the message: %s', (text, code) => {
    expect(receiptMeaning({ text })).toEqual({ kind: 'refused', code });
  });

  test.each([
    { text: 'Too long for us.' },
    { text: 'message delivered.' },
    { text: 'Message delivered. Not.' },
    { text: '' },
    {},
  ])('means nothing with other text: %j', (receipt) => {
    expect(receiptMeaning(receipt)).toEqual({ kind: 'unclear' });
  });
});

describe('a receipt with a code', () => {
  test('refuses by the code, independent of its text', () => {
    for (const text of ['Too long for us.', 'Message delivered.', 'Message not accepted.']) {
      expect(receiptMeaning({ text, code: 'policy/unauthorized' })).toEqual({
        kind: 'refused',
        code: 'policy/unauthorized',
      });
    }
  });

  test('with a code for a temporary state, or an unknown code, neither accepts nor refuses', () => {
    const passing = ['store/unavailable', 'store/conflict', 'state/stopped', 'transport/closed'];
    for (const code of [...passing, 'policy/of-the-future', 'toString', '__proto__', '']) {
      expect(receiptMeaning({ text: 'Message delivered.', code })).toEqual({ kind: 'unclear' });
    }
  });

  test('never refuses with a code that is not in the vocabulary', () => {
    for (const code of Object.keys(ERRORS)) {
      const meaning = receiptMeaning({ code });
      expect(meaning.kind).not.toBe('accepted');
      if (meaning.kind === 'refused') expect(meaning.code).toBe(code);
    }
  });
});
