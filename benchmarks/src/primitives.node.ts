import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Primitives } from './primitives.ts';

/** SubjectPublicKeyInfo of both curves and PrivateKeyInfo of Ed25519, up to the key itself. */
const SPKI: Readonly<Record<string, string>> = {
  RSA: '',
  ECC: '3056301006072a8648ce3d020106052b8104000a034200',
  Ed25519: '302a300506032b6570032100',
};
const ED25519_PKCS8 = '302e020100300506032b657004220420';

/** OpenSSL; secp256k1 signatures by noble, because node:crypto makes none that are deterministic. */
export const nodePrimitives: Primitives = {
  runtime: 'node',
  cipher: (key) => ({
    encrypt(plaintext, iv) {
      const cipher = createCipheriv('aes-256-cbc', key, iv);
      return Buffer.concat([cipher.update(plaintext), cipher.final()]);
    },
    decrypt(ciphertext, iv) {
      const decipher = createDecipheriv('aes-256-cbc', key, iv);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    },
  }),
  signer(algorithm, { data: text }) {
    if (algorithm === 'ECC') {
      const scalar = Buffer.from(text, 'hex');
      return (data) => secp256k1.sign(data, scalar, { format: 'der' });
    }
    if (algorithm === 'RSA') {
      const key = createPrivateKey(text);
      return (data) => sign('sha256', data, key);
    }
    const pkcs8 = Buffer.from(ED25519_PKCS8 + Buffer.from(text, 'base64').toString('hex'), 'hex');
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    return (data) => sign(null, data, key);
  },
  verifier(algorithm, material) {
    const key = publicKey(Buffer.concat([Buffer.from(SPKI[algorithm] ?? '', 'hex'), material]));
    const digest = algorithm === 'Ed25519' ? null : 'sha256';
    return (data, signature) => verify(digest, data, key, signature);
  },
  rsaEncrypt(spki) {
    const key = publicKey(spki);
    return (plaintext) => publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, plaintext);
  },
  rsaPrivate({ data }) {
    const key = createPrivateKey(data);
    return (block) => privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block);
  },
  toBase64: (bytes) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  fromBase64: (text) => Buffer.from(text, 'base64'),
};

function publicKey(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
}
