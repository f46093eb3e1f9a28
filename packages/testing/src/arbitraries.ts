/**
 * Generators of input for property tests with fast-check.
 *
 * @module
 */
import type { Json } from '@dimp/foundation';
import fc from 'fast-check';

/** Names that the protocol's readers look for, in all spellings, and names that break careless programs. */
const NAMES: readonly string[] = [
  ...['sender', 'receiver', 'group', 'time', 'type', 'data', 'key', 'keys', 'signature', 'meta'],
  ...['visa', 'IV', 'iv', 'sn', 'command', 'cmd', 'did', 'ID', 'text', 'documents', 'document'],
  ...['profile', 'members', 'member', 'contents', 'forward', 'secrets', 'messages', 'origin'],
  ...['algorithm', 'seed', 'fingerprint', 'version', 'F', 'R', 'W', 'T', 'K', 'D', 'V', 'N', 'C'],
  ...['thumbnail', 'snapshot', 'avatar', 'URL', 'filename', 'password', 'title', 'names', 'list'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'],
];

/** Texts that select a reader, and texts that almost do. */
const WORDS: readonly string[] = [
  ...['1', '136', '137', '202', '204', '207', '255', 'text', 'command', 'array', 'meta', 'invite'],
  ...['documents', 'receipt', 'login', 'handshake', 'AES', 'RSA', 'ECC', 'PLAIN', 'data:,x', '{}'],
  ...['anyone@anywhere', 'stations@everywhere', 'a@b@c', '/', '@', 'hex,00', 'base64,AA=='],
];

/** A member name: one that the protocol knows, or any. */
export function memberName(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...NAMES), fc.string());
}

/**
 * JSON made to confuse the protocol's readers: its own member names and words in the wrong places.
 *
 * @param words - more texts to mix in, such as existing IDs
 *
 * @example
 * ```ts
 * fc.assert(fc.property(hostileJson(), (value) => survives(() => parse(value))));
 * ```
 */
export function hostileJson(words: readonly string[] = []): fc.Arbitrary<Json> {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<Json>(null, true, 0, -1, 1.5, 1e308, 136, 255, ''),
      fc.constantFrom(...WORDS, ...words),
      fc.string(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(memberName(), tie('value'), { maxKeys: 8 }),
    ),
  })) as { value: fc.Arbitrary<Json> };
  return value;
}
