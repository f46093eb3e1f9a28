import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold, queryTermsOf, termsOf } from '../../src/search/tokens.ts';

const CASES: readonly (readonly [name: string, text: string, terms: readonly string[]])[] = [
  ['words, case, and accents', 'Zürich, Café!', ['zurich', 'cafe']],
  ['digits and underscores', 'room_12 at 8', ['room_12', 'at', '8']],
  ['an inner apostrophe of either form', "don’t it's", ["don't", "it's"]],
  ['German keeps ß', 'Straße', ['straße']],
  ['Turkish dotted capital I', 'İstanbul', ['istanbul']],
  ['full-width forms', 'ＤＩＭ', ['dim']],
  ['Chinese: characters and pairs', '你好吗', ['你', '你好', '好', '好吗', '吗']],
  ['Japanese with a length mark', 'サーバ', ['サ', 'サー', 'ー', 'ーバ', 'バ']],
  ['letters beside Chinese', '铁路12306', ['铁', '铁路', '路', '12306']],
  ['Thai', 'ดี', ['ด', 'ดี', 'ี']],
  ['Korean words', '안녕 세상', ['안녕', '세상']],
  ['Arabic without vowel marks and lengthening', 'مُـحَمَّد', ['محمد']],
  ['Arabic letter forms', 'أحمد إلى مدرسة', ['احمد', 'الي', 'مدرسه']],
  ['Hebrew', 'שלום', ['שלום']],
  ['Hindi keeps its vowel signs', 'हिन्दी', ['हिन्दी']],
  ['a family is one emoji', '👨‍👩‍👧', ['e:👨‍👩‍👧']],
  ['skin tone and variation selector', '👍🏽 ❤️', ['e:👍🏽', 'e:❤']],
  ['a flag', '🇨🇭', ['e:🇨🇭']],
  ['host and path of a URL', 'https://example.org/a/b1', ['https', 'example', 'org', 'a', 'b1']],
];

for (const [name, text, terms] of CASES) {
  test(`terms: ${name}`, () => {
    expect([...termsOf(text)].sort()).toEqual([...terms].sort());
  });
}

test('a text yields at most 256 different terms, and only its first 65,536 characters count', () => {
  const many = Array.from({ length: 1000 }, (_, index) => `word${index}`).join(' ');
  expect(termsOf(many).size).toBe(256);
  expect(termsOf(`${' '.repeat(65_536)}late`).size).toBe(0);
});

test('a long word is cut at 64 characters, and a query for it is cut the same way', () => {
  const [term] = termsOf('x'.repeat(100));
  expect(term).toBe('x'.repeat(64));
  expect(queryTermsOf('x'.repeat(100)).prefix).toBe(term);
});

test('the last word of a query may be unfinished, unless something follows it', () => {
  expect(queryTermsOf('see you tomo')).toEqual({ terms: ['see', 'you'], prefix: 'tomo' });
  expect(queryTermsOf('see you tomorrow ')).toEqual({ terms: ['see', 'you', 'tomorrow'] });
  expect(queryTermsOf('a')).toEqual({ terms: ['a'] });
  expect(queryTermsOf('你好吗')).toEqual({ terms: ['你好', '好吗'] });
  expect(queryTermsOf('好')).toEqual({ terms: ['好'] });
});

test('a query has at most 32 terms', () => {
  const query = Array.from({ length: 100 }, (_, index) => `w${index}`).join(' ');
  expect(queryTermsOf(`${query} `).terms).toHaveLength(32);
});

test('any text, lone surrogates included, yields terms that the same text as a query asks for', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const terms = termsOf(text);
      const { terms: asked, prefix } = queryTermsOf(text);
      for (const term of asked) expect(terms).toContain(term);
      if (prefix !== undefined) expect(terms).toContain(prefix);
    }),
    { numRuns: 2000 },
  );
});

test('folding twice is folding once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
      expect(fold(fold(text))).toBe(fold(text));
    }),
    { numRuns: 2000 },
  );
});

test('a hostile text of 64 Ki characters is taken apart in linear time', () => {
  // 64 times the text must not take more than some 64 times as long; the quadratic way takes minutes.
  for (const unit of ["a'", '\u200D👩', '🇨', "'", '1\uFE0F', 'ー']) {
    expect(termsOf(unit.repeat(65_536)).size).toBeLessThanOrEqual(256);
  }
});
