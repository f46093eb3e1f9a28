import { refOf } from '@dimp/extensions/chat';
import type { ID } from '@dimp/mkm';

/** A message of the corpus. */
export interface CorpusMessage {
  readonly conversation: number;
  readonly ref: string;
  /** Milliseconds since the epoch. */
  readonly stamp: number;
  readonly text: string;
}

/** Words of a vocabulary, by how often they are used. */
const LATIN_WORDS = 40_000;
const ARABIC_WORDS = 8000;
const CHINESE_CHARACTERS = 3000;
const CONVERSATIONS = 200;
/** Time between two messages, in milliseconds: a million in three years. */
const BETWEEN_MS = 94_000;
const START = 1_700_000_000_000;
const EMOJI = ['👍', '😀', '❤️', '🎉', '👨‍👩‍👧', '🇨🇭', '👋🏽', '😢'];
const SYLLABLES =
  'ba be bi bo da de di do fa fe ka ke ki ko la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se si so ta te ti to va vi'.split(
    ' ',
  );

/** A random number from 0 to 1 that depends on its place only: every run has the same corpus. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Number from 0 to `count` − 1 by the law of Zipf: the second is half as frequent as the first. */
function zipf(random: () => number, count: number): number {
  return Math.min(count - 1, Math.floor(Math.exp(random() * Math.log(count + 1))) - 1);
}

/**
 * A synthetic chat: 70 % Latin, 22 % Chinese, 8 % Arabic, 15 % with an emoji, in 200 conversations of very different sizes. The
 * messages come in the order of their time.
 */
export function* corpus(count: number, sender: ID): Generator<CorpusMessage> {
  const random = randomNumbers(7);
  for (let sn = 1; sn <= count; sn++) {
    const stamp = START + sn * BETWEEN_MS + Math.floor(random() * BETWEEN_MS);
    yield {
      conversation: zipf(random, CONVERSATIONS),
      ref: refOf({ sender, sn, time: stamp / 1000 }),
      stamp,
      text: textOf(random),
    };
  }
}

function textOf(random: () => number): string {
  const script = random();
  const length = 1 + zipf(random, 30);
  const emoji = random() < 0.15 ? ` ${EMOJI[zipf(random, EMOJI.length)]}` : '';
  if (script < 0.7) return words(random, length, latinWord, LATIN_WORDS) + emoji;
  if (script < 0.92) return chinese(random, length) + emoji;
  return words(random, length, arabicWord, ARABIC_WORDS) + emoji;
}

function words(
  random: () => number,
  length: number,
  word: (rank: number) => string,
  count: number,
): string {
  return Array.from({ length }, () => word(zipf(random, count))).join(' ');
}

function chinese(random: () => number, length: number): string {
  const character = (): string =>
    String.fromCodePoint(0x4e00 + ((zipf(random, CHINESE_CHARACTERS) * 7) % 20_000));
  return Array.from({ length: length * 2 }, character).join('');
}

/** Frequent words are short. */
export function latinWord(rank: number): string {
  let word = '';
  for (let rest = rank + 1; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
    word += SYLLABLES[rest % SYLLABLES.length];
  }
  return word;
}

function arabicWord(rank: number): string {
  let word = '';
  for (let rest = rank + 30; rest > 0; rest = Math.floor(rest / 28)) {
    word += String.fromCodePoint(0x0627 + (rest % 28));
  }
  return word;
}

/** Queries of all kinds: frequent and rare words, two words, beginnings of words, Chinese, emoji, and nothing. */
export function queries(count: number): readonly string[] {
  const random = randomNumbers(11);
  const any = (): string => latinWord(zipf(random, LATIN_WORDS));
  const kinds: readonly (() => string)[] = [
    () => `${latinWord(Math.floor(random() * 50))} `,
    () => `${latinWord(1000 + Math.floor(random() * (LATIN_WORDS - 1000)))} `,
    () => `${any()} ${any()} `,
    () => `${any()} ${any().slice(0, 2)}`,
    () => chinese(random, 1),
    () => EMOJI[Math.floor(random() * EMOJI.length)] as string,
    () => `${arabicWord(zipf(random, ARABIC_WORDS))} `,
    () => 'zzxxyy ',
  ];
  return Array.from({ length: count }, (_, at) => (kinds[at % kinds.length] as () => string)());
}
