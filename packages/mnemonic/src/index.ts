import type { Protocol } from '@dimp/core';
import type { Signer } from '@dimp/crypto';
import {
  decodeHex,
  encodeHex,
  fieldError,
  type JsonObject,
  ownMember,
  ProtocolError,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { HDKey } from '@scure/bip32';
import {
  entropyToMnemonic,
  generateMnemonic,
  mnemonicToEntropy,
  mnemonicToSeed,
} from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';

/** Options for {@link identityFromMnemonic}. */
export interface MnemonicOptions {
  /** Number of the account, 0 by default. One mnemonic makes any number of identities. */
  readonly account?: number;
  /** Passphrase of BIP-39. Another passphrase makes another identity. It is not stored. */
  readonly passphrase?: string;
}

/** Options for `register` that make the identity of a mnemonic. */
export interface MnemonicIdentity {
  /** The identity key. */
  readonly signer: Signer;
  /** How the identity was made, for {@link exportMnemonic}. Secret. */
  readonly origin: JsonObject;
}

/** Kind of the origin record. */
const KIND = 'bip39';

/**
 * Generates a mnemonic of English words (BIP-39).
 *
 * @param words - 12 or 24
 */
export function newMnemonic(words: 12 | 24 = 12): string {
  return generateMnemonic(wordlist, words === 24 ? 256 : 128);
}

/**
 * Reads a mnemonic: words in any case, with any white space between them.
 *
 * @returns the words in lower case, separated by one space
 * @throws `format/field` for an unknown word, a wrong number of words, or a wrong checksum; the error never contains the words
 */
export function readMnemonic(text: string): string {
  const words = text.normalize('NFKD').trim().toLowerCase().split(/\s+/).join(' ');
  try {
    mnemonicToEntropy(words, wordlist);
  } catch {
    // Without the cause, which may quote the words.
    throw fieldError('mnemonic', 'is not valid');
  }
  return words;
}

/**
 * The identity of a mnemonic: an ECC key at m/44'/60'/account'/0/0 (BIP-32, BIP-44), as Ethereum wallets derive it. With
 * meta type 4 the ID is the address that such a wallet shows.
 *
 * @throws `format/field` for a mnemonic that is not valid; `unsupported/algorithm` for a protocol without ECC
 *
 * @example
 * ```ts
 * const words = newMnemonic();
 * const identity = await identityFromMnemonic(facebook.protocol, words);
 * const moki = await register('moki', { facebook, metaType: '4', ...identity });
 * ```
 */
export async function identityFromMnemonic(
  protocol: Pick<Protocol, 'keys'>,
  mnemonic: string,
  { account = 0, passphrase = '' }: MnemonicOptions = {},
): Promise<MnemonicIdentity> {
  const words = readMnemonic(mnemonic);
  if (!Number.isInteger(account) || account < 0 || account > 0x7fffffff) {
    throw new RangeError('account must be a whole number from 0');
  }
  const seed = await mnemonicToSeed(words, passphrase);
  const { privateKey } = HDKey.fromMasterSeed(seed).derive(`m/44'/60'/${account}'/0/0`);
  if (privateKey === null)
    throw new ProtocolError('crypto/key', 'the mnemonic has no key for this account');
  const wire = { algorithm: 'ECC', data: encodeHex(privateKey) };
  return {
    signer: protocol.keys.parsePrivate(wire) as Signer,
    origin: {
      kind: KIND,
      entropy: encodeHex(mnemonicToEntropy(words, wordlist)),
      account,
      passphrase: passphrase !== '',
    },
  };
}

/** Where the origin of identities is stored; a Facebook. */
export interface OriginKeeper {
  identityOrigin(id: ID): Promise<JsonObject | undefined>;
}

/**
 * Returns the words of an identity that was made from a mnemonic, so that they can be written down.
 *
 * @returns the words, the number of the account, and whether a BIP-39 passphrase is needed as well; undefined for other
 *   identities
 * @throws `store/corrupt`
 */
export async function exportMnemonic(
  keeper: OriginKeeper,
  id: ID,
): Promise<
  { readonly words: string; readonly account: number; readonly passphrase: boolean } | undefined
> {
  const origin = await keeper.identityOrigin(id);
  if (origin === undefined || ownMember(origin, 'kind') !== KIND) return undefined;
  const { entropy, account, passphrase } = origin;
  if (typeof entropy !== 'string' || typeof account !== 'number') throw corrupt();
  try {
    const words = entropyToMnemonic(decodeHex(entropy), wordlist);
    return { words, account, passphrase: passphrase === true };
  } catch {
    throw corrupt();
  }
}

function corrupt(): ProtocolError<'store/corrupt'> {
  return new ProtocolError('store/corrupt', 'a stored record cannot be read', {
    details: { what: 'mnemonic' },
  });
}
