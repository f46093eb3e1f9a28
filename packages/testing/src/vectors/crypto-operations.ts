import { MessageKeys } from '@dimp/core';
import {
  isPair,
  type KeyWire,
  type PublicKey,
  type Signer,
  samePrivateKey,
  samePublicKey,
  type VerifyKey,
} from '@dimp/crypto';
import { keccak256, md5, ripemd160, sha1, sha256 } from '@dimp/crypto/digests';
import { ecc } from '@dimp/extensions/ecc';
import { rsa } from '@dimp/extensions/rsa';
import {
  decodeBase58,
  decodeBase64,
  decodeHex,
  decodeTed,
  encodeBase58,
  encodeBase64,
  encodeHex,
  equalBytes,
  type JsonObject,
  ProtocolError,
  utf8Encode,
} from '@dimp/foundation';
import { ANYONE } from '@dimp/mkm';
import { object, text } from './case.ts';
import type { VectorContext, VectorOperation, VectorOperations } from './context.ts';
import { eccPrivateHex, rsaNumbers } from './key-numbers.ts';

const bytes = (input: JsonObject, name: string): Uint8Array => decodeHex(text(input, name));
const base64 = (input: JsonObject, name: string): Uint8Array => decodeBase64(text(input, name));
const wire = (input: JsonObject, name = 'key'): KeyWire => object(input, name) as KeyWire;

function digest(of: (bytes: Uint8Array) => Uint8Array): VectorOperation {
  return (input) => ({ digest_hex: encodeHex(of(bytes(input, 'bytes_hex'))) });
}

function symmetric({ protocol }: VectorContext, input: JsonObject) {
  return protocol.keys.parseSymmetric(input['key']);
}

/** The operations of `crypto/`. */
export const cryptoOperations: VectorOperations = {
  'base64.encode': (input) => ({ text: encodeBase64(bytes(input, 'bytes_hex')) }),
  'base64.decode': (input) => ({ bytes_hex: encodeHex(decodeBase64(text(input, 'text'))) }),
  'base58.encode': (input) => ({ text: encodeBase58(bytes(input, 'bytes_hex')) }),
  'base58.decode': (input) => ({ bytes_hex: encodeHex(decodeBase58(text(input, 'text'))) }),
  'hex.encode': (input) => ({ text: encodeHex(bytes(input, 'bytes_hex')) }),
  'hex.decode': (input) => ({ bytes_hex: encodeHex(decodeHex(text(input, 'text'))) }),
  'ted.decode': (input) => {
    const decoded = decodeTed(input['value']);
    return { bytes_hex: decoded === undefined ? null : encodeHex(decoded) };
  },
  'digest.sha256': digest(sha256),
  'digest.ripemd160': digest(ripemd160),
  'digest.keccak256': digest(keccak256),
  'digest.md5': digest(md5),
  'digest.sha1': digest(sha1),
  'aes.encrypt': async (input, context) => {
    const key = symmetric(context, input);
    const sealed = await key.encrypt(bytes(input, 'plaintext_hex'), object(input, 'extra'));
    return { ciphertext_b64: encodeBase64(sealed.ciphertext) };
  },
  'aes.decrypt': async (input, context) => {
    const key = symmetric(context, input);
    const plaintext = await key.decrypt(base64(input, 'ciphertext_b64'), object(input, 'extra'));
    return { plaintext_hex: encodeHex(plaintext) };
  },
  'aes-gcm.decrypt': async (input, context) => {
    const key = symmetric(context, input);
    const associated = utf8Encode(text(input, 'associated_utf8'));
    const plaintext = await key.decrypt(base64(input, 'ciphertext_b64'), {}, associated);
    return { plaintext_hex: encodeHex(plaintext) };
  },
  'plain.encrypt': async (input, context) => {
    const sealed = await symmetric(context, input).encrypt(bytes(input, 'plaintext_hex'));
    return { ciphertext_hex: encodeHex(sealed.ciphertext) };
  },
  'plain.decrypt': async (input, context) => ({
    plaintext_hex: encodeHex(
      await symmetric(context, input).decrypt(bytes(input, 'ciphertext_hex')),
    ),
  }),
  'key.symmetric': (input, { protocol }) => {
    protocol.keys.parseSymmetric(input['key']);
    return {};
  },
  'key.public': (input, { protocol }) => {
    protocol.keys.parsePublic(input['key']);
    return {};
  },
  'key.private': (input, { protocol }) => {
    protocol.keys.parsePrivate(input['key']);
    return {};
  },
  'key.unwrap': async (input, { protocol }) => {
    const privateKey = rsa.parsePrivate(wire(input, 'private_key'));
    const local = { id: ANYONE, signer: privateKey, decryptKeys: [privateKey] };
    const opened = await new MessageKeys(protocol).unwrap(base64(input, 'ciphertext_b64'), local);
    if (opened === undefined) throw new ProtocolError('crypto/decrypt', 'key does not open');
    return { key: opened.key.toWire() };
  },
  'key.equal': (input, { protocol: { keys } }) => {
    const { a, b } = input;
    switch (input['class']) {
      case 'symmetric':
        return { equal: keys.parseSymmetric(a).equals(keys.parseSymmetric(b)) };
      case 'public':
        return { equal: samePublicKey(keys.parsePublic(a), keys.parsePublic(b)) };
      default:
        return { equal: samePrivateKey(keys.parsePrivate(a), keys.parsePrivate(b)) };
    }
  },
  'key.pair': (input, { protocol: { keys } }) => {
    const privateKey: Signer = keys.parsePrivate(input['private']);
    const publicKey: PublicKey = keys.parsePublic(input['public']);
    return { match: isPair(privateKey, publicKey) };
  },
  'rsa.public': async (input) => {
    const { material } = rsa.parsePublic(wire(input));
    return { ...(await rsaNumbers(material)), spki_b64: encodeBase64(material) };
  },
  'rsa.private': async (input) => {
    const { material } = rsa.parsePrivate(wire(input)).publicKey;
    return { ...(await rsaNumbers(material)), public_spki_b64: encodeBase64(material) };
  },
  'rsa.sign': async (input) => {
    const signature = await rsa.parsePrivate(wire(input)).sign(bytes(input, 'data_hex'));
    return { signature_b64: encodeBase64(signature) };
  },
  'rsa.verify': (input) =>
    verify(rsa.parsePublic(wire(input)), input, base64(input, 'signature_b64')),
  'rsa.decrypt': async (input) => {
    const privateKey = rsa.parsePrivate(wire(input));
    return { plaintext_hex: encodeHex(await privateKey.decrypt(base64(input, 'ciphertext_b64'))) };
  },
  'ecc.public': (input) => {
    const { material, addressData } = ecc.parsePublic(wire(input));
    return {
      point_hex: encodeHex(material),
      key_data_hex: addressData === undefined ? null : encodeHex(addressData),
    };
  },
  'ecc.private': (input) => {
    const privateKey = ecc.parsePrivate(wire(input));
    const { material } = privateKey.publicKey;
    const isScalar = (candidate: string): boolean =>
      equalBytes(
        ecc.parsePrivate({ algorithm: 'ECC', data: candidate }).publicKey.material,
        material,
      );
    return {
      private_hex: eccPrivateHex(text(wire(input), 'data'), isScalar) ?? null,
      point_hex: encodeHex(material),
    };
  },
  'ecdsa.sign': async (input) => ({
    signature_hex: encodeHex(await ecc.parsePrivate(wire(input)).sign(bytes(input, 'data_hex'))),
  }),
  'ecdsa.verify': (input) =>
    verify(ecc.parsePublic(wire(input)), input, bytes(input, 'signature_hex')),
};

async function verify(
  key: VerifyKey,
  input: JsonObject,
  signature: Uint8Array,
): Promise<JsonObject> {
  return { valid: await key.verify(bytes(input, 'data_hex'), signature) };
}
