import {
  decodeBase64,
  encodeBase64,
  isJsonObject,
  type Json,
  type JsonObject,
  randomBytes,
  utf8Encode,
} from '@dimp/foundation';
import { native, type ScryptWork } from '#native/scrypt';

/** Parameters of scrypt (RFC 7914), including the salt. */
export interface KeyDerivation extends ScryptWork {
  readonly salt: Uint8Array;
}

/** 128 MiB and about half a second, as OWASP recommends for scrypt. */
export const DEFAULT_WORK: ScryptWork = /* @__PURE__ */ Object.freeze({ N: 131_072, r: 8, p: 1 });

/** Most memory that stored parameters may need: an attacker who changed them must not stop the program. */
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;
const SALT_BYTES = 16;

/** Makes parameters with a new salt. @throws `RangeError` for work that is out of bounds */
export function newDerivation(work: ScryptWork = DEFAULT_WORK): KeyDerivation {
  if (!isWork(work)) throw new RangeError('scrypt parameters are out of bounds');
  return { N: work.N, r: work.r, p: work.p, salt: randomBytes(SALT_BYTES) };
}

/**
 * Derives a key of 32 bytes from a passphrase. Different Unicode forms of the same characters give the same key (NFKC).
 *
 * @throws `RangeError` for an empty passphrase
 */
export function derive(passphrase: string, derivation: KeyDerivation): Promise<Uint8Array> {
  if (passphrase === '') throw new RangeError('the passphrase must not be empty');
  return native(utf8Encode(passphrase.normalize('NFKC')), derivation.salt, derivation);
}

export function encodeDerivation({ N, r, p, salt }: KeyDerivation): JsonObject {
  return { name: 'scrypt', N, r, p, salt: encodeBase64(salt) };
}

/** @returns undefined for parameters that {@link encodeDerivation} cannot have written */
export function decodeDerivation(wire: Json | undefined): KeyDerivation | undefined {
  if (!isJsonObject(wire) || wire['name'] !== 'scrypt') return undefined;
  const { N, r, p, salt } = wire;
  if (typeof N !== 'number' || typeof r !== 'number' || typeof p !== 'number') return undefined;
  if (typeof salt !== 'string' || !isWork({ N, r, p })) return undefined;
  try {
    const bytes = decodeBase64(salt);
    return bytes.length === SALT_BYTES ? { N, r, p, salt: bytes } : undefined;
  } catch {
    return undefined;
  }
}

function isWork({ N, r, p }: ScryptWork): boolean {
  const whole = [N, r, p].every((each) => Number.isInteger(each) && each > 0);
  const power = Math.log2(N) % 1 === 0 && N >= 2;
  return whole && power && 128 * N * r <= MAX_MEMORY_BYTES && p <= 16 && r <= 64;
}
