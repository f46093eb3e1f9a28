// Gives prepared keys to tests in browsers that generate an RSA key.
import { takeRsaKey } from './take-rsa-key.ts';

type Usages = readonly KeyUsage[];

const { subtle } = crypto;
const generate = subtle.generateKey.bind(subtle) as (
  algorithm: RsaHashedKeyGenParams,
  extractable: boolean,
  usages: Usages,
) => Promise<CryptoKeyPair>;

async function generateKey(
  algorithm: RsaHashedKeyGenParams,
  extractable: boolean,
  usages: Usages,
): Promise<CryptoKeyPair> {
  const isUsual = algorithm.name === 'RSASSA-PKCS1-v1_5' && extractable;
  const key = isUsual ? takeRsaKey(algorithm.modulusLength) : undefined;
  if (key === undefined) return await generate(algorithm, extractable, usages);
  const bytes = Uint8Array.from(atob(key), (character) => character.charCodeAt(0));
  const privateKey = await subtle.importKey('pkcs8', bytes, algorithm, true, ['sign']);
  const { n, e } = await subtle.exportKey('jwk', privateKey);
  const wire = { kty: 'RSA', ...(n === undefined ? {} : { n }), ...(e === undefined ? {} : { e }) };
  const publicKey = await subtle.importKey('jwk', wire, algorithm, true, ['verify']);
  return { privateKey, publicKey };
}

// Runs before each test file, and `crypto` is the same for all files of a page.
if (!Object.hasOwn(subtle, 'generateKey')) {
  Object.defineProperty(subtle, 'generateKey', { value: generateKey, configurable: true });
}
