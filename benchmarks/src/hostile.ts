import { readPayload } from '@dimp/core';
import { normalizeWire } from '@dimp/core/dialects';
import {
  DEFAULT_JSON_LIMITS,
  decodeBase58,
  decodeBase64,
  decodeHex,
  isProtocolError,
  type JsonObject,
  parseJsonObject,
  parseTed,
  utf8Decode,
} from '@dimp/foundation';
import { parsePortableNetworkFile } from '@dimp/mkm';
import { MtpDecoder } from '@dimp/transport-tcp/mtp';
import { protocol } from './people.ts';
import { fastest } from './timer.ts';

/** How long a public parse function may take for a mebibyte. */
export const HOSTILE_BUDGET_MS = 50;

const MIB = 1024 * 1024;
/** Members that the JSON gate allows, with room for a few more. */
const MOST = DEFAULT_JSON_LIMITS.maxMembers - 16;
const ADDRESS = '4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';

/** Measures inputs made to be slow, each of a mebibyte or the largest that the limits allow. */
export async function hostile(
  report: (name: string, milliseconds: number) => void,
  wanted: (name: string) => boolean,
): Promise<void> {
  for (const [name, parse] of Object.entries(attacks())) {
    if (wanted(`hostile/${name}`)) report(`hostile/${name}`, await fastest(refusing(parse), 5));
  }
}

/** A refusal is a valid result; any other error is a defect. */
function refusing(parse: () => unknown): () => void {
  return () => {
    try {
      parse();
    } catch (error) {
      if (!isProtocolError(error)) throw error;
    }
  };
}

type Attacks = Readonly<Record<string, () => unknown>>;

function attacks(): Attacks {
  return { ...jsonAttacks(), ...encodingAttacks(), ...dataAttacks(), ...streamAttacks() };
}

function jsonAttacks(): Attacks {
  const nested = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const texts: Record<string, string> = {
    'open brackets': '['.repeat(MIB),
    'open braces': '{"a":'.repeat(MIB / 5),
    'deep, closed': nested(MIB / 2 - 4),
    'deepest allowed, many times': `{"a":[${`${nested(29)},`.repeat(MOST / 32)}0]}`,
    'deepest allowed, too many times': `{"a":[${filled(`${nested(29)},`)}0]}`,
    backslashes: `{"a":"${'\\'.repeat(MIB - 10)}"}`,
    'escaped quotes': `{"a":"${'\\"'.repeat(MIB / 2 - 5)}"}`,
    'unicode escapes': `{"a":"${'\\u0000'.repeat(MIB / 6 - 2)}"}`,
    'empty strings': `{"a":[${'"",'.repeat(MOST)}""]}`,
    'many members': `{${members(MOST)}"z":0}`,
    'same member': `{${filled('"a":0,')}"a":0}`,
    'too many members': `{${filled('"b":{},')}"z":0}`,
    numbers: `{"a":${'9'.repeat(MIB - 8)}}`,
    'long numbers': `{"a":[${`${'1'.repeat(400)}e-9,`.repeat(2500)}0]}`,
    blanks: `{${' '.repeat(MIB - 2)}}`,
    'array index names': `{${Array.from({ length: MOST }, (_, i) => `"${i * 65_537}":0`).join(',')}}`,
  };
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [`json/${name}`, () => parseJsonObject(text)]),
  );
}

function encodingAttacks(): Attacks {
  const digits = 'A'.repeat(MIB);
  const spaced = 'A \n'.repeat(MIB / 3);
  const bytes = new Uint8Array(MIB).fill(0xe2);
  return {
    'base58/long': () => decodeBase58('z'.repeat(MIB)),
    'base58/allowed': () => decodeBase58('z'.repeat(1024)),
    'base64/digits': () => decodeBase64(digits),
    'base64/blanks': () => decodeBase64(' '.repeat(MIB)),
    'base64/every second a blank': () => decodeBase64(spaced),
    'base64/padding': () => decodeBase64('='.repeat(MIB)),
    'base64/foreign at the end': () => decodeBase64(`${digits.slice(4)}AAA\u0141`),
    'hex/long': () => decodeHex('ab'.repeat(MIB / 2)),
    'utf8/broken': () => utf8Decode(bytes),
    'ted/commas': () => parseTed(','.repeat(MIB)),
    'ted/semicolons': () => parseTed(`data:${';'.repeat(MIB)},`),
    'ted/JSON': () => parseTed(`{${'"a":{},'.repeat(MIB / 7)}}`),
    'ted/hex': () => parseTed(`hex,${'ab'.repeat(MIB / 2)}`),
    'file/braces': () => parsePortableNetworkFile(`{${'['.repeat(MIB)}}`, 'file'),
    'file/data': () => parsePortableNetworkFile(`data:image/png;base64,${digits}`, 'file'),
  };
}

function dataAttacks(): Attacks {
  const many: JsonObject = JSON.parse(`{${members(MOST)}"type":1,"sn":1,"text":"x"}`);
  const ids = Array.from({ length: MOST }, (_, i) => `n${i}@${ADDRESS}`);
  const command = (body: string) => `{"type":137,"sn":1,"time":1,${body}}`;
  const message = (body: string) =>
    `{"sender":"a@${ADDRESS}","receiver":"b@${ADDRESS}","time":1,"signature":"AAAA",${body}}`;
  const pem = (data: string) => ({ algorithm: 'RSA', data });
  const contents = protocol.contents.parse.bind(protocol.contents);
  const nestedArray = (depth: number): string =>
    depth === 0
      ? '{"type":1,"sn":1,"text":"x"}'
      : `{"type":202,"sn":1,"contents":[${nestedArray(depth - 1)}]}`;
  const wide = `{"type":202,"sn":1,"contents":[${Array(60).fill('{"type":1,"sn":1,"text":"x"}')}]}`;
  return {
    'id/long': () => protocol.parseID(`${'x'.repeat(MIB)}@${ADDRESS}`),
    'id/at signs': () => protocol.parseID('@'.repeat(MIB)),
    'id/not yet known, 1,000': () => parseFresh(),
    'normalize/message': () => normalizeWire('message', many),
    'normalize/content': () => normalizeWire('content', many),
    'normalize/key': () => normalizeWire('key', many),
    'content/many members behind the gate': () => contents(many),
    'content/members of a group': () =>
      protocol.parseContent(
        command(`"command":"invite","group":"${ADDRESS}","members":${JSON.stringify(ids)}`),
      ),
    'content/arrays in arrays': () => protocol.parseContent(nestedArray(15)),
    'content/wide array of arrays': () =>
      protocol.parseContent(`{"type":202,"sn":1,"contents":[${Array(MOST >> 8).fill(wide)}]}`),
    'content/combined': () =>
      protocol.parseContent(
        `{"type":207,"sn":1,"messages":[${Array(Math.floor(MOST / 6)).fill(
          `{"sender":"${ADDRESS}","content":{"type":1,"sn":1,"text":"x"}}`,
        )}]}`,
      ),
    'message/keys': () =>
      protocol.parseMessage(message(`"data":"AAAA","keys":{${members(MOST, '"AAAA"')}"z":0}`)),
    'message/members': () => protocol.parseMessage(message(`${members(MOST)}"data":"AAAA"`)),
    'message/short names': () =>
      protocol.parseMessage(`{${members(MOST)}"F":"${ADDRESS}","D":"AAAA","V":"AAAA"}`),
    'content/many members': () =>
      protocol.parseContent(`{${members(MOST)}"type":136,"sn":1,"cmd":"x","ID":"${ADDRESS}"}`),
    'message/data': () => protocol.parseMessage(message(`"data":"${'A'.repeat(MIB - 256)}"`)),
    'key/PEM without end': () => protocol.keys.parsePublic(pem('-----BEGIN '.repeat(MIB / 11))),
    'key/longest PEM': () =>
      protocol.keys.parsePublic(pem(`-----BEGIN X-----${'A'.repeat(32_000)}-----END X-----`)),
    'key/sections': () =>
      protocol.keys.parsePublic(pem('-----BEGIN X-----AAAA-----END X-----'.repeat(900))),
  };
}

let fresh = 0;
/** Parses new IDs, which are in no cache. */
function parseFresh(): void {
  for (let i = 0; i < 1000; i++) protocol.parseID(`fresh${fresh++}@${ADDRESS}`);
}

function streamAttacks(): Attacks {
  const magic = new Uint8Array(MIB).map((_, i) => 'DIM'.charCodeAt(i % 3));
  const decode = (bytes: Uint8Array, chunk: number) => {
    const decoder = new MtpDecoder();
    for (let i = 0; i < bytes.length; i += chunk) decoder.push(bytes.subarray(i, i + chunk));
  };
  return {
    'payload/lines': () => readPayload('{}\n'.repeat(MIB / 3)),
    'payload/line feeds': () => readPayload('\n'.repeat(MIB)),
    'payload/blanks in a line': () => readPayload(`{${' '.repeat(MIB)}\n{}`),
    'mtp/false heads': () => decode(magic, MIB),
    'mtp/false heads in small chunks': () => decode(magic, 64),
    'mtp/zeros': () => decode(new Uint8Array(MIB), MIB),
  };
}

/** As often as it fits into a mebibyte. */
function filled(text: string): string {
  return text.repeat(Math.floor((MIB - 64) / text.length));
}

function members(count: number, value = '0'): string {
  return Array.from({ length: count }, (_, i) => `"m${i}":${value},`).join('');
}
