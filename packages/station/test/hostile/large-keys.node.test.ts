import { createHash, createPublicKey, generatePrimeSync, verify } from 'node:crypto';
import { handshakeStart } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { ANY_STATION } from '@dimp/mkm';
import { expect, onTestFinished, test, vi } from 'vitest';
import { scene, unharmed } from '../support/hostile-station.ts';
import { MaliciousClient, until } from '../support/malicious-client.ts';
import { protocol } from '../support/test-users.ts';

const BITS = 8192;
const BYTES = BITS / 8;
const EXPONENT = 65_537n;
/** Of a hash by SHA-256 (RFC 8017 §9.2). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** A key of 8,192 bits: of eight primes, because two would take half a minute to find. Who verifies cannot tell. */
class LargeKey {
  readonly pem: string;
  readonly #modulus: bigint;
  readonly #exponent: bigint;

  constructor() {
    let primes: bigint[] = [];
    do {
      primes = Array.from({ length: 8 }, () => generatePrimeSync(BITS / 8, { bigint: true }));
    } while (primes.some((prime) => prime % EXPONENT === 1n) || product(primes) >> 8184n === 0n);
    this.#modulus = product(primes);
    this.#exponent = inverse(EXPONENT, product(primes.map((prime) => prime - 1n)));
    const jwk = { kty: 'RSA', n: bytesOf(this.#modulus, BYTES).toString('base64url'), e: 'AQAB' };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    this.pem = key.export({ type: 'spki', format: 'pem' }).toString();
  }

  sign(data: Uint8Array): Buffer {
    const digest = createHash('sha256').update(data).digest();
    const tail = Buffer.concat([DIGEST_INFO, digest]);
    const padding = Buffer.alloc(BYTES - tail.length - 3, 0xff);
    const block = Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), tail]);
    const message = BigInt(`0x${block.toString('hex')}`);
    return bytesOf(power(message, this.#exponent, this.#modulus), BYTES);
  }
}

function product(factors: readonly bigint[]): bigint {
  return factors.reduce((all, each) => all * each, 1n);
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value, modulus, 1n, 0n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}

/** The address of an identity whose meta has this fingerprint (spec §4.1). */
function addressOf(fingerprint: Uint8Array): string {
  const sha = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
  const hash = createHash('ripemd160').update(sha(fingerprint)).digest();
  const body = Buffer.concat([Buffer.of(0), hash]);
  const all = Buffer.concat([body, sha(sha(body)).subarray(0, 4)]);
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let text = '';
  for (let rest = BigInt(`0x${all.toString('hex')}`); rest > 0n; rest /= 58n) {
    text = (digits[Number(rest % 58n)] ?? '') + text;
  }
  return `1${text}`;
}

test('an identity with an RSA key of 8,192 bits, valid otherwise, is refused before its key is used', async () => {
  const { world, moki, hulk, mallory } = await scene();
  const key = new LargeKey();
  const fingerprint = key.sign(Buffer.from('large'));
  // A station that took keys of this length would take this one.
  expect(verify('sha256', Buffer.from('large'), key.pem, fingerprint)).toBe(true);
  const meta: JsonObject = {
    type: '1',
    key: { algorithm: 'RSA', data: key.pem },
    seed: 'large',
    fingerprint: fingerprint.toString('base64'),
  };
  const text = `large@${addressOf(fingerprint)}`;
  const id = protocol.parseID(text);
  const client = await MaliciousClient.dial(world, mallory);
  const wire = await client.wire(handshakeStart(), ANY_STATION);
  const { visa: _, ...rest } = wire;
  const signature = key.sign(Buffer.from(String(wire['data']))).toString('base64');
  const imported = vi.spyOn(crypto.subtle, 'importKey');
  onTestFinished(() => imported.mockRestore());
  client.send({ ...rest, sender: text, meta, signature });
  const refused = () => world.logged.some((line) => line.includes('"crypto/key"'));
  await until(async () => refused() || (await world.facebook.meta(id)) !== undefined);
  const sizes = imported.mock.calls.map(([, data]) => JSON.stringify(data).length);
  // A large key is longer in every form; the keys of the others are of elliptic curves.
  expect(sizes.filter((size) => size > BYTES)).toEqual([]);
  expect(await world.facebook.meta(id)).toBeUndefined();
  await unharmed(moki, hulk);
}, 60_000);
