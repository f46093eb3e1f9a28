// Gives prepared keys to tests in Node that generate an RSA key.
import crypto, { createPrivateKey } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { takeRsaKey } from './take-rsa-key.ts';

type Callback = (error: Error | null, publicKey: Buffer, privateKey: Buffer) => void;

const generate = crypto.generateKeyPair as (type: string, options: object, done: Callback) => void;

function generateKeyPair(type: string, options: object, done: Callback): void {
  const { modulusLength, publicExponent, publicKeyEncoding, privateKeyEncoding } =
    options as crypto.RSAKeyPairOptions<'der', 'der'>;
  const isUsual = type === 'rsa' && publicExponent === 65537 && privateKeyEncoding.format === 'der';
  const key = isUsual ? takeRsaKey(modulusLength) : undefined;
  if (key === undefined) {
    generate(type, options, done);
    return;
  }
  const pair = createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' });
  const publicKey = crypto.createPublicKey(pair).export(publicKeyEncoding);
  const privateKey = pair.export(privateKeyEncoding);
  setImmediate(() => done(null, publicKey, privateKey));
}

// Runs before each test file, and `crypto` is the same for all files of a process.
const REPLACED = Symbol.for('dimp.rsa-keys');
if (!Object.hasOwn(crypto, REPLACED)) {
  Object.assign(crypto, { generateKeyPair, [REPLACED]: true });
  syncBuiltinESMExports();
}
