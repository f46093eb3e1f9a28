/// <reference path="../../packages/extensions/src/native/node-forge.d.ts" />

import { decodeBase64, encodeHex } from '@dimp/foundation';
import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import jsbn from 'node-forge/lib/jsbn.js';
import type { KeyData, Primitives } from './primitives.ts';

const { BigInteger } = jsbn;
type BigInteger = InstanceType<typeof BigInteger>;
type Plain = Uint8Array<ArrayBuffer>;

const AES = 'AES-CBC';
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
/** AlgorithmIdentifier of RSA, in front of the key in PKCS#8. */
const RSA_IDENTIFIER = Uint8Array.of(
  ...[0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d],
  ...[0x01, 0x01, 0x01, 0x05, 0x00],
);

/** WebCrypto; noble for both curves, and node-forge's numbers for raw RSA, which WebCrypto lacks. */
export const browserPrimitives: Primitives = {
  runtime: 'chromium',
  async cipher(secret) {
    const { subtle } = crypto;
    const usages: KeyUsage[] = ['encrypt', 'decrypt'];
    const key = await subtle.importKey('raw', secret as Plain, AES, false, usages);
    return {
      encrypt: async (plaintext, iv) =>
        new Uint8Array(
          await subtle.encrypt({ name: AES, iv: iv as Plain }, key, plaintext as Plain),
        ),
      decrypt: async (ciphertext, iv) =>
        new Uint8Array(
          await subtle.decrypt({ name: AES, iv: iv as Plain }, key, ciphertext as Plain),
        ),
    };
  },
  async signer(algorithm, wire) {
    if (algorithm === 'ECC') {
      const scalar = Uint8Array.from(wire.data.match(/../g) ?? [], (pair) => parseInt(pair, 16));
      return (data) => secp256k1.sign(data, scalar, { format: 'der' });
    }
    if (algorithm === 'Ed25519') {
      const seed = decodeBase64(wire.data);
      return (data) => ed25519.sign(data, seed);
    }
    const key = await crypto.subtle.importKey('pkcs8', pkcs8(wire), RSA, false, ['sign']);
    return async (data) => new Uint8Array(await crypto.subtle.sign(RSA.name, key, data as Plain));
  },
  async verifier(algorithm, material) {
    if (algorithm === 'ECC') {
      const options = { format: 'der', lowS: false } as const;
      return (data, signature) => secp256k1.verify(signature, data, material, options);
    }
    if (algorithm === 'Ed25519')
      return (data, signature) => ed25519.verify(signature, data, material);
    const { subtle } = crypto;
    const key = await subtle.importKey('spki', material as Plain, RSA, false, ['verify']);
    return (data, signature) => subtle.verify(RSA.name, key, signature as Plain, data as Plain);
  },
  async rsaEncrypt(spki) {
    const { subtle } = crypto;
    const key = await subtle.importKey('spki', spki as Plain, RSA, true, ['verify']);
    const { n, e } = numbers(await subtle.exportKey('jwk', key));
    const size = (n.toString(16).length + 1) >> 1;
    return (plaintext) => {
      const block = new Uint8Array(size).fill(0x5a);
      block.set([0, 2]);
      block.set([0, ...plaintext], size - plaintext.length - 1);
      return bytes(big(block).modPow(e, n));
    };
  },
  async rsaPrivate(wire) {
    const { subtle } = crypto;
    const key = await subtle.importKey('pkcs8', pkcs8(wire), RSA, true, ['sign']);
    const { p, q, dp, dq, qi } = numbers(await subtle.exportKey('jwk', key));
    return (block) => {
      const number = big(block);
      const first = number.mod(p).modPow(dp, p);
      const second = number.mod(q).modPow(dq, q);
      return bytes(second.add(first.subtract(second).multiply(qi).mod(p).multiply(q)));
    };
  },
  toBase64: (bytes: Uint8Array & { toBase64?(): string }) =>
    bytes.toBase64?.() ?? btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
  fromBase64: (text) =>
    (Uint8Array as { fromBase64?(text: string): Uint8Array }).fromBase64?.(text) ??
    Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
};

function pkcs8({ data }: KeyData): Plain {
  const pkcs1 = decodeBase64(data.replace(/-----[^-]+-----/g, ''));
  return element(0x30, [...RSA_IDENTIFIER, ...element(0x04, [...pkcs1])]);
}

function element(tag: number, body: readonly number[]): Plain {
  return Uint8Array.of(tag, 0x82, body.length >> 8, body.length & 0xff, ...body);
}

type Numbers = Readonly<Record<'n' | 'e' | 'p' | 'q' | 'dp' | 'dq' | 'qi', BigInteger>>;

function numbers(jwk: JsonWebKey): Numbers {
  const entries = Object.entries(jwk)
    .filter(([name]) => ['n', 'e', 'p', 'q', 'dp', 'dq', 'qi'].includes(name))
    .map(([name, text]) => [
      name,
      big(decodeBase64((text as string).replaceAll('-', '+').replaceAll('_', '/'))),
    ]);
  return Object.fromEntries(entries) as Numbers;
}

function big(magnitude: Uint8Array): BigInteger {
  return new BigInteger(encodeHex(magnitude), 16);
}

function bytes(number: BigInteger): Uint8Array {
  const hex = number.toString(16);
  return Uint8Array.from((hex.length % 2 === 0 ? hex : `0${hex}`).match(/../g) ?? [], (pair) =>
    parseInt(pair, 16),
  );
}
