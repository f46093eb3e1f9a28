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

/** A content that was decrypted, before anything but its reading was checked. */
export interface DecryptedContent {
  /** As the sender spelled it, without what bound it to its message. */
  readonly wire: JsonObject;
  /** Whether it says itself, beside its IV, who sent it to whom. */
  readonly namedInBound: boolean;
  /** Names of members that begin where somebody else can have written. */
  readonly doubtful: ReadonlySet<string>;
}

/** What a ciphertext was opened with. */
export interface OpenedWith {
  /** Whether the cipher refuses what its key did not encrypt. */
  readonly authenticated: boolean;
  /** The IV, if it can be changed on the way. */
  readonly iv: Uint8Array | undefined;
}

/**
 * Reads what was decrypted up to its type and serial number. Whatever fails until here says that the key does not fit,
 * or that somebody tries keys, and is one failure to the outside (spec §14.2 #21).
 *
 * @throws `crypto/decrypt`; `format/limit` and `format/field` where the vectors ask for them
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

/** Whether a content has a time of its own, where nobody but its sender can have written it. */
export function isTimeTrusted({ wire, doubtful }: DecryptedContent): boolean {
  // The long name counts where both stand (spec §10).
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
 * A long name in the first block would hide the letter behind it that the sender wrote (spec §10).
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
