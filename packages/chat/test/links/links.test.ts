import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkLinkMac,
  fingerprint,
  formatLink,
  formatQrText,
  formatWebLink,
  type KeyedID,
  type Link,
  linkMac,
  matchesFingerprint,
  newLinkToken,
  parseLink,
  safetyNumber,
} from '../../src/links.ts';

const protocol = createProtocol(standard());
const { addresses } = protocol;

async function person(
  name: string,
  algorithm: 'ECC' | 'RSA' = 'ECC',
  network = 0,
): Promise<KeyedID> {
  const signer = await protocol.keys.generate(algorithm);
  if (!('sign' in signer)) throw new Error('the algorithm must sign');
  const meta = await protocol.metas.generate({ signer, seed: name, type: '1' });
  return { id: protocol.metas.makeID(meta, network), key: meta.key };
}

const moki = await person('moki');
const hulk = await person('hulk', 'RSA');
const group = await person('friends', 'ECC', 1);
const fp = fingerprint(moki);
const TOKEN = 'AAECAwQFBgcICQoLDA0ODw';
const CONTACT = `dim:contact?v=1&id=${moki.id.text}&fp=${fp}`;

function codeOf(text: string): string {
  try {
    parseLink(text, addresses);
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('a link of each kind is read as it was written, from dim:, web+dim:, and the web', () => {
  const station = { host: 'chat.example', port: 9394 };
  const links: readonly Link[] = [
    { kind: 'contact', id: moki.id, fp },
    { kind: 'contact', id: moki.id, fp, station, name: 'Möki & Co 🐱', token: TOKEN },
    { kind: 'contact', id: hulk.id, fp, station: { host: '2001:db8::1', port: 80 } },
    { kind: 'group', id: group.id, by: moki.id, fp, name: 'Friends', token: TOKEN },
    { kind: 'verify', a: moki.id, fa: fp, b: hulk.id, fb: fingerprint(hulk) },
  ];
  for (const link of links) {
    const text = formatLink(link);
    expect(parseLink(text, addresses)).toEqual(link);
    expect(parseLink(`web+${text}`, addresses)).toEqual(link);
    expect(parseLink(` ${text.replace('dim:', 'DIM:')}\n`, addresses)).toEqual(link);
    expect(parseLink(formatWebLink(link, 'https://chat.example'), addresses)).toEqual(link);
  }
});

test('what is not a link is refused with a code', () => {
  const other = `${'A'.repeat(21)}B`;
  for (const [text, code] of [
    ['', 'format/field'],
    ['hello', 'format/field'],
    ['dim:', 'format/field'],
    ['dim:contact', 'format/field'],
    ['dim:toString?v=1', 'format/field'],
    [CONTACT.replace('v=1', 'v=2'), 'unsupported/version'],
    [CONTACT.replace('v=1&', ''), 'format/field'],
    [`${CONTACT}&id=${hulk.id.text}`, 'format/field'],
    [CONTACT.replace(fp, other), 'format/field'],
    [CONTACT.replace(fp, `${fp}=`), 'format/field'],
    [CONTACT.replace(moki.id.text, 'anyone@anywhere'), 'format/field'],
    [`${CONTACT}&t=short`, 'format/field'],
    [`${CONTACT}&n=${'x'.repeat(65)}`, 'format/field'],
    [`${CONTACT}&n=a%E2%80%AEb`, 'format/field'],
    [`${CONTACT}&n=a%0Ab`, 'format/field'],
    [`${CONTACT}&n=%ff`, 'format/field'],
    [`${CONTACT}&st=chat.example`, 'format/field'],
    [`${CONTACT}&st=chat.example:0`, 'format/field'],
    [`${CONTACT}&st=chat.example:65536`, 'format/field'],
    [`${CONTACT}&st=user@chat.example:1`, 'format/field'],
    [`${CONTACT}&st=[::1:1`, 'format/field'],
    [`dim:group?v=1&id=${moki.id.text}&by=${moki.id.text}&fp=${fp}&t=${TOKEN}`, 'format/field'],
    [`http://chat.example/i#${CONTACT.slice(4)}`, 'format/field'],
    [`https://chat.example/other#${CONTACT.slice(4)}`, 'format/field'],
    [`${CONTACT}&x=${'y'.repeat(2048)}`, 'format/limit'],
  ] as const) {
    expect([text, codeOf(text)]).toEqual([text, code]);
  }
  expect(codeOf(`${CONTACT}&later=1`)).toBe('accepted');
});

test('any text is read or refused with a code of the protocol', () => {
  const part = fc.oneof(
    fc.constantFrom('dim:', 'contact?', 'v=1', '&', `id=${moki.id.text}`, `fp=${fp}`, 'n=', 'st='),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      expect(codeOf(parts.join(''))).toMatch(/^(accepted|format\/|unsupported\/)/);
    }),
    { numRuns: 3000 },
  );
});

test('a QR code has at most 280 bytes, and leaves the name out first', () => {
  const long = { kind: 'contact', id: moki.id, fp, name: '猫'.repeat(60) } as const;
  const text = formatQrText(long);
  expect(text.length).toBeLessThanOrEqual(280);
  expect(parseLink(text, addresses)).toEqual({ kind: 'contact', id: moki.id, fp });
  const station = { host: `${'a'.repeat(250)}.example`, port: 1 };
  expect(() => formatQrText({ ...long, station })).toThrow(
    expect.objectContaining({ code: 'format/limit' }),
  );
});

test('a name that no reader accepts is not written', () => {
  for (const name of ['x'.repeat(65), 'a\u202Eb', 'a\nb', 'a\ud800']) {
    expect(() => formatLink({ kind: 'contact', id: moki.id, fp, name })).toThrow(
      expect.objectContaining({ code: 'format/field' }),
    );
  }
});

test('a web link leads to an origin of https, and nowhere else', () => {
  const link = { kind: 'contact', id: moki.id, fp } as const;
  for (const origin of ['http://chat.example', 'https://chat.example/x', 'https://u@x', 'x']) {
    expect(() => formatWebLink(link, origin)).toThrow(
      expect.objectContaining({ code: 'format/field' }),
    );
  }
});

test('a fingerprint belongs to one ID with one key', () => {
  expect(fp).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(matchesFingerprint(fp, moki)).toBe(true);
  expect(matchesFingerprint(fp, { id: moki.id, key: hulk.key })).toBe(false);
  expect(matchesFingerprint(fp, { id: hulk.id, key: moki.key })).toBe(false);
  expect(matchesFingerprint('', moki)).toBe(false);
  expect(matchesFingerprint('\ud800', moki)).toBe(false);
});

test('both people see the same safety number, and another with another key', () => {
  const number = safetyNumber(moki, hulk);
  expect(number).toMatch(/^(\d{5} ){11}\d{5}$/);
  expect(safetyNumber(hulk, moki)).toBe(number);
  expect(safetyNumber(moki, { id: hulk.id, key: group.key })).not.toBe(number);
});

test('the proof of a token holds for one guest, one inviter, and one group', () => {
  const token = newLinkToken();
  const use = { guest: hulk.id, inviter: moki.id };
  const mac = linkMac(token, use);
  expect(checkLinkMac(mac, token, use)).toBe(true);
  expect(checkLinkMac(mac, newLinkToken(), use)).toBe(false);
  expect(checkLinkMac(mac, token, { ...use, guest: group.id })).toBe(false);
  expect(checkLinkMac(mac, token, { ...use, group: group.id })).toBe(false);
  expect(checkLinkMac(linkMac(token, { ...use, group: group.id }), token, use)).toBe(false);
  expect(checkLinkMac('x'.repeat(1000), token, use)).toBe(false);
  expect(checkLinkMac('\ud800', token, use)).toBe(false);
  expect(() => linkMac('x', use)).toThrow(expect.objectContaining({ code: 'format/field' }));
});
