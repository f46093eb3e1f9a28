import {
  type EncryptKey,
  type KeyAlgorithm,
  keyRegistry,
  type Signer,
  type VerifyKey,
} from '@dimp/crypto';
import { sha256 } from '@dimp/crypto/digests';
import {
  concatBytes,
  decodeHex,
  encodeHex,
  equalBytes,
  fieldError,
  type JsonObject,
  ProtocolError,
} from '@dimp/foundation';
import {
  type AddressType,
  addressRegistry,
  bulletin,
  documentRegistry,
  idReader,
  type MetaType,
  metaRegistry,
  profile,
  visa,
} from '@dimp/mkm';

/** Addresses `toy:NN:HASH`: network byte in hex, then 8 hex digits, upper or lower case. */
export const toy: AddressType<'toy'> = {
  family: 'toy',
  parse(text) {
    if (!text.startsWith('toy:')) return undefined;
    if (!/^toy:[0-9a-f]{2}:[0-9a-fA-F]{8}$/.test(text)) throw fieldError('address', 'is damaged');
    const hash = decodeHex(text.slice(7));
    return {
      text,
      canonical: text.toLowerCase(),
      family: 'toy',
      network: Number.parseInt(text.slice(4, 6), 16),
      hash,
      number: new DataView(hash.buffer).getUint32(0),
      broadcast: false,
    };
  },
  generate(fingerprint, network) {
    if (network > 0xff) throw new RangeError('network is one byte');
    const hash = encodeHex(sha256(fingerprint).slice(0, 4));
    const head = network.toString(16).padStart(2, '0');
    return toy.parse(`toy:${head}:${hash}`) as ReturnType<typeof toy.generate>;
  },
};

/** "Signs" with a keyed hash. The public key knows the secret: good enough to test who checks what. */
class ToyPublicKey implements VerifyKey<'TOY'> {
  readonly algorithm = 'TOY' as const;
  readonly material: Uint8Array;
  readonly addressData: Uint8Array;

  constructor(material: Uint8Array) {
    this.material = material;
    this.addressData = material;
  }

  verify(data: Uint8Array, signature: Uint8Array): boolean {
    return equalBytes(toySign(this.material, data), signature);
  }

  toWire() {
    return { algorithm: 'TOY' as const, data: encodeHex(this.material) };
  }
}

export interface ToySigner extends Signer<'TOY'> {
  toWire(): { readonly algorithm: 'TOY'; readonly data: string };
}

export function toySigner(secret: string): ToySigner {
  const publicKey = new ToyPublicKey(sha256(new TextEncoder().encode(secret)).slice(0, 8));
  return {
    algorithm: 'TOY',
    publicKey,
    sign: (data) => toySign(publicKey.material, data),
    toWire: () => publicKey.toWire(),
  };
}

function toySign(secret: Uint8Array, data: Uint8Array): Uint8Array {
  return sha256(concatBytes(secret, data));
}

export const toyKeys: KeyAlgorithm<'TOY', ToySigner, ToyPublicKey> = {
  kind: 'key-pair',
  name: 'TOY',
  generate: () => toySigner('generated'),
  parsePrivate: () => toySigner('parsed'),
  parsePublic(wire) {
    const data: unknown = wire['data'];
    if (typeof data !== 'string') throw fieldError('data', 'is missing');
    return new ToyPublicKey(decodeHex(data));
  },
};

/** An encrypting public key, for visas. */
export const wrapKeys: KeyAlgorithm<'WRAP', never, EncryptKey<'WRAP'>> = {
  kind: 'key-pair',
  name: 'WRAP',
  generate: () => {
    throw new ProtocolError('crypto/unavailable', 'not needed');
  },
  parsePrivate: () => {
    throw new ProtocolError('crypto/key', 'not needed');
  },
  parsePublic: (wire) => ({
    algorithm: 'WRAP',
    material: Uint8Array.of(1),
    toWire: () => ({ ...wire, algorithm: 'WRAP' }),
    maxPlaintext: 10,
    encrypt: (plaintext: Uint8Array) => plaintext,
  }),
};

/** Like type 1: seed, fingerprint, any network. */
export const seeded: MetaType<'1'> = {
  type: '1',
  aliases: ['MKM', 'mkm'],
  seeded: true,
  address: ({ fingerprint }, network, addresses) =>
    addresses.generate('toy', fingerprint ?? new Uint8Array(), network),
};

/** Like type 4: no seed, users only. */
export const seedless: MetaType<'4'> = {
  type: '4',
  seeded: false,
  address({ key }, network, addresses) {
    if (network !== 0) throw new RangeError('users only');
    return addresses.generate('toy', key.addressData ?? new Uint8Array(), network);
  },
};

export const addresses = addressRegistry(toy);
export const ids = idReader(addresses);
export const keys = keyRegistry(toyKeys, wrapKeys);
export const metas = metaRegistry({ keys, addresses }, seeded, seedless);
export const documents = documentRegistry({ readID: ids.parse }, visa, bulletin, profile);

export const alice = ids.parse('alice@toy:00:0a0b0c0d');
export const club = ids.parse('club@toy:01:01020304');

export function without(wire: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(wire).filter(([name]) => !names.includes(name)));
}
