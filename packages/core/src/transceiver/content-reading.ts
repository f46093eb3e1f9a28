import type { Envelope } from '@dimp/dkd';
import {
  fieldError,
  isProtocolError,
  type JsonObject,
  memberPositions,
  ownMember,
  parseJsonObject,
  toNumber,
} from '@dimp/foundation';
import { expandShortKeys, shortNames } from '../dialects/short-keys.ts';
import { checkBound, FIRST_BLOCK, namesInBound, withoutBound } from './binding.ts';
import { decryptError } from './decrypt-error.ts';

/** A decrypted content that has been parsed but not checked. */
export interface DecryptedContent {
  /** The content as the sender spelled it, without the members that bind it to its message. */
  readonly wire: JsonObject;
  /** Whether it names sender and receiver beside its IV. */
  readonly namedInBound: boolean;
  /** Names of members that begin in a part that an attacker can change. */
  readonly doubtful: ReadonlySet<string>;
}

/** How a ciphertext was decrypted. */
export interface OpenedWith {
  /** Whether the cipher authenticates. */
  readonly authenticated: boolean;
  /** The IV, if it can be changed in transit. */
  readonly iv: Uint8Array | undefined;
}

/**
 * Parses a plaintext up to its type and serial number. Every failure up to here may mean a wrong key or an attack, and leads to
 * the same error (spec §14.2 #21).
 *
 * @throws `crypto/decrypt`; `format/limit` and `format/field` where the vectors require them
 */
export function readDecrypted(
  plaintext: Uint8Array,
  { authenticated, iv }: OpenedWith,
  envelope: Envelope,
): DecryptedContent {
  const received = parseContentJson(plaintext);
  const positions = positionsIn(plaintext);
  checkTypeAndNumber(received);
  if (authenticated) return { wire: received, namedInBound: false, doubtful: new Set() };
  if (iv !== undefined && checkBound(received, iv, envelope)) {
    return {
      wire: withoutBound(received),
      namedInBound: namesInBound(received),
      doubtful: new Set(),
    };
  }
  checkNotShadowed(positions);
  const doubtful = [...positions].filter(([, offset]) => offset < FIRST_BLOCK);
  return {
    wire: received,
    namedInBound: false,
    doubtful: new Set(doubtful.map(([name]) => name)),
  };
}

/** Whether a content has a time in a part that only its sender can have written. */
export function isTimeTrusted({ wire, doubtful }: DecryptedContent): boolean {
  // If both names are present, the long one counts (spec §10).
  const name = Object.hasOwn(wire, 'time') ? 'time' : 'W';
  return Object.hasOwn(wire, name) && !doubtful.has(name);
}

function parseContentJson(plaintext: Uint8Array): JsonObject {
  try {
    return parseJsonObject(plaintext);
  } catch (error) {
    if (isProtocolError(error, 'format/json')) throw decryptError();
    throw error;
  }
}

function positionsIn(plaintext: Uint8Array): ReadonlyMap<string, number> {
  try {
    return memberPositions(plaintext);
  } catch (error) {
    if (isProtocolError(error, 'format/json')) throw decryptError();
    throw error;
  }
}

function checkTypeAndNumber(received: JsonObject): void {
  const wire = expandShortKeys('content', received);
  const type = ownMember(wire, 'type') ?? undefined;
  if (type === undefined) throw fieldError('type', 'is missing');
  const isType = typeof type === 'string' ? type !== '' : typeof type === 'number';
  if (!isType || !isNumber(wire)) throw decryptError();
}

function isNumber(wire: JsonObject): boolean {
  try {
    return toNumber(ownMember(wire, 'sn'), 'sn') !== undefined;
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return false;
  }
}

/**
 * Refuses a long name in the first block that would hide the single-letter name which the sender wrote (spec §10).
 *
 * @throws `crypto/decrypt`
 */
function checkNotShadowed(positions: ReadonlyMap<string, number>): void {
  for (const [name, letter] of shortNames('content')) {
    const long = positions.get(name);
    const short = positions.get(letter);
    if (long !== undefined && short !== undefined && long < FIRST_BLOCK && short >= FIRST_BLOCK) {
      throw decryptError();
    }
  }
}
