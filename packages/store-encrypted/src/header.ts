import type { Store } from '@dimp/core';
import {
  decodeBase64,
  encodeBase64,
  type JsonObject,
  ProtocolError,
  parseJsonObject,
  randomBytes,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ScryptWork } from '#native/scrypt';
import { importKey, open, seal } from './aead.ts';
import { decodeDerivation, derive, encodeDerivation, newDerivation } from './passphrase.ts';

/** Unlocks an encrypted store: a passphrase, or a key of 32 bytes that the caller keeps. */
export type Unlock = { readonly passphrase: string } | { readonly key: Uint8Array };

/** Path of the header in the underlying store. */
export const HEADER_KEY = ['dim-encrypted'] as const;

/** The wrapped data key, and how it is wrapped. */
interface Header {
  readonly facts: JsonObject;
  readonly wrapped: Uint8Array;
}

/**
 * Reads the data key of a store. An empty store gets a new one.
 *
 * @returns 32 bytes
 * @throws `crypto/passphrase` for the wrong passphrase or key; `store/corrupt` for a damaged header
 */
export async function dataKey(
  store: Store,
  unlock: Unlock,
  work: ScryptWork | undefined,
): Promise<Uint8Array> {
  const stored = await store.get(HEADER_KEY);
  if (stored !== undefined) return unwrap(stored, unlock);
  await refuseForeign(store);
  const key = randomBytes(32);
  const header = await wrap(key, unlock, work);
  if (await store.compareAndSet(HEADER_KEY, undefined, header)) return key;
  // Another process was faster: its data key counts.
  const first = await store.get(HEADER_KEY);
  if (first === undefined) throw corrupt();
  return unwrap(first, unlock);
}

/**
 * Tells whether an encrypted store needs a passphrase or a key.
 *
 * @returns undefined for a store without encryption
 * @throws `store/corrupt` for a damaged header
 */
export async function unlockedBy(store: Store): Promise<'passphrase' | 'key' | undefined> {
  const stored = await store.get(HEADER_KEY);
  if (stored === undefined) return undefined;
  return decodeDerivation(decode(stored).facts['kdf']) === undefined ? 'key' : 'passphrase';
}

/** Wraps the data key with another passphrase or key. Nothing else in the store changes. */
export async function rewrap(
  store: Store,
  from: Unlock,
  to: Unlock,
  work: ScryptWork | undefined,
): Promise<void> {
  const stored = await store.get(HEADER_KEY);
  if (stored === undefined) throw corrupt();
  const header = await wrap(await unwrap(stored, from), to, work);
  if (!(await store.compareAndSet(HEADER_KEY, stored, header))) {
    throw new ProtocolError('store/conflict', 'another process is changing the passphrase');
  }
}

async function wrap(
  key: Uint8Array,
  unlock: Unlock,
  work: ScryptWork | undefined,
): Promise<Uint8Array> {
  const derivation = 'passphrase' in unlock ? newDerivation(work) : undefined;
  const facts: JsonObject = {
    version: 1,
    kdf: derivation === undefined ? { name: 'none' } : encodeDerivation(derivation),
  };
  const wrappingKey =
    'passphrase' in unlock && derivation !== undefined
      ? await derive(unlock.passphrase, derivation)
      : (unlock as { readonly key: Uint8Array }).key;
  const wrapped = await seal(await importKey(wrappingKey), key, contextOf(facts));
  return utf8Encode(stringifyJson({ ...facts, wrapped: encodeBase64(wrapped) }));
}

async function unwrap(stored: Uint8Array, unlock: Unlock): Promise<Uint8Array> {
  const { facts, wrapped } = decode(stored);
  const derivation = decodeDerivation(facts['kdf']);
  if ('passphrase' in unlock !== (derivation !== undefined)) throw wrong();
  const wrappingKey =
    'passphrase' in unlock && derivation !== undefined
      ? await derive(unlock.passphrase, derivation)
      : (unlock as { readonly key: Uint8Array }).key;
  const key = await open(await importKey(wrappingKey), wrapped, contextOf(facts));
  if (key === undefined) throw wrong();
  return key;
}

/** Authenticates the parameters together with the key, so that an attacker cannot make them cheaper. */
function contextOf(facts: JsonObject): Uint8Array {
  return utf8Encode(`dim-encrypted ${stringifyJson(facts)}`);
}

function decode(stored: Uint8Array): Header {
  try {
    const { wrapped, ...facts } = parseJsonObject(stored);
    const { version, kdf } = facts;
    const known =
      decodeDerivation(kdf) !== undefined || stringifyJson(kdf ?? null) === '{"name":"none"}';
    if (version !== 1 || !known || typeof wrapped !== 'string') throw corrupt();
    return { facts, wrapped: decodeBase64(wrapped) };
  } catch {
    throw corrupt();
  }
}

/** Refuses a store with unencrypted records: it would look empty, and its records would stay readable on disk. */
async function refuseForeign(store: Store): Promise<void> {
  for await (const _ of store.list([])) {
    throw new ProtocolError('store/corrupt', 'the store has records but no encryption header');
  }
}

function wrong(): ProtocolError<'crypto/passphrase'> {
  return new ProtocolError('crypto/passphrase', 'the passphrase or key is wrong');
}

function corrupt(): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'the encryption header cannot be read', {
    details: { what: 'encryption header' },
  });
}
