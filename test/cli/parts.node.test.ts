import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filesOf, parseStation } from '../../apps/cli/src/account/stations.ts';
import { CHAT_COMMANDS, completions, readChatInput } from '../../apps/cli/src/chat/input.ts';
import { safeName } from '../../apps/cli/src/files/saved-file.ts';
import { inspect } from '../../apps/cli/src/inspect/bytes.ts';
import { verdictOf } from '../../apps/cli/src/inspect/inspection.ts';
import { redacted } from '../../apps/cli/src/inspect/redact.ts';
import { inspectionLines } from '../../apps/cli/src/inspect/render.ts';
import { CommandFailure, failureOf } from '../../apps/cli/src/terminal/failure.ts';
import { Output } from '../../apps/cli/src/terminal/output.ts';
import { oneLine, printable } from '../../apps/cli/src/terminal/text.ts';
import { ERRORS, ProtocolError } from '../../packages/foundation/src/index.ts';
import { contextOf } from './vectors.node.ts';

/** Whether a terminal would interpret a character instead of showing it. */
function isObeyed(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x202a && code <= 0x202e);
}

test('printed text cannot move the cursor or change the writing direction', () => {
  const text = fc.string({ unit: 'binary', maxLength: 50 });
  fc.assert(
    fc.property(text, (each) => {
      expect([...printable(each)].filter((c) => c !== '\n' && isObeyed(c))).toEqual([]);
      expect([...oneLine(each)].some(isObeyed)).toBe(false);
    }),
  );
  expect(oneLine('\u001b[2J\u202e\r\n')).toBe('\\u{1b}[2J\\u{202e}\\u{d}\\n');
  expect(printable('naïve 👍 漢字\nنص')).toBe('naïve 👍 漢字\nنص');
});

test('a file name that a peer chose stays in its folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const safe = safeName(name);
      expect(safe).not.toMatch(/[/\\:]/);
      expect(safe).not.toMatch(/^\./);
      expect([...safe].some(isObeyed)).toBe(false);
      expect(safe.length).toBeGreaterThan(0);
      expect(safe.length).toBeLessThanOrEqual(100);
    }),
  );
  expect(safeName('../../etc/passwd')).toBe('passwd');
  expect(safeName('C:\\temp\\a.txt')).toBe('a.txt');
  expect(safeName('..')).toBe('file');
  expect(safeName(undefined)).toBe('file');
  expect(safeName('Überblick (2).pdf')).toBe('Überblick (2).pdf');
});

test('addresses of stations are parsed in all forms, and have one canonical form', () => {
  const urls = (text: string) => parseStation(text).url;
  expect(urls('Station.Example.org')).toBe('tcp://station.example.org:9394');
  expect(urls('192.0.2.7:80')).toBe('tcp://192.0.2.7:80');
  expect(urls('::1')).toBe('tcp://[::1]:9394');
  expect(urls('[::1]:5')).toBe('tcp://[::1]:5');
  expect(urls('tls://a.example:9395')).toBe('tls://a.example:9395');
  expect(urls('ws://a.example')).toBe('ws://a.example:80/');
  expect(urls('wss://a.example/path')).toBe('wss://a.example:443/path');
  expect(parseStation('[::1]:5')).toMatchObject({ host: '::1', port: 5, scheme: 'tcp' });
  expect(filesOf(parseStation('[::1]:5'))).toBe('http://[::1]:5/f/');
  expect(filesOf(parseStation('wss://a.example/x'))).toBe('https://a.example:443/f/');
  for (const wrong of [
    '',
    'http://a',
    'tcp://',
    'a:0',
    'a:99999',
    'tcp://a/b',
    'ws://u:p@a',
    'a b',
    'ws://a?x',
  ]) {
    expect(() => parseStation(wrong), wrong).toThrow(expect.objectContaining({ code: 'usage' }));
  }
});

test('any text is parsed as a station or refused as a wrong argument', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      try {
        const { url } = parseStation(text);
        expect(parseStation(url).url).toBe(url);
      } catch (error) {
        expect(error).toBeInstanceOf(CommandFailure);
      }
    }),
  );
});

test('any input can be inspected', async () => {
  const json = fc.json({ maxDepth: 4 });
  const almost = fc
    .dictionary(
      fc.constantFrom(
        'sender',
        'receiver',
        'data',
        'signature',
        'key',
        'keys',
        'meta',
        'visa',
        'type',
        'sn',
        'command',
        'content',
        'F',
        'D',
        'V',
        'T',
        'algorithm',
        'did',
        'id',
        'time',
        'seed',
        'fingerprint',
      ),
      fc.oneof(
        fc.constantFrom(
          'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj',
          'everyone@everywhere',
          'AAAA',
          '{}',
          'RSA',
          'forward',
        ),
        fc.jsonValue({ maxDepth: 2 }),
      ),
    )
    .map((each) => JSON.stringify(each));
  const anything = fc.oneof(
    json,
    almost,
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 100 }),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (source) => {
      const inspection = await inspect(source, contextOf({}));
      expect(['good', 'bad', 'unknown']).toContain(verdictOf(inspection));
      const lines = inspectionLines(inspection).join('');
      expect([...lines].some(isObeyed)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('key material, passwords and session keys are hidden at any depth', () => {
  const key = { algorithm: 'AES', data: 'c2VjcmV0', iv: 'aXY=' };
  const shown = JSON.stringify(
    redacted({
      key,
      list: [{ inner: key }],
      session: 'abc',
      password: 'def',
      pem: '-----BEGIN PRIVATE KEY-----',
    }),
  );
  for (const secret of ['c2VjcmV0', 'aXY=', 'abc', 'def', 'BEGIN'])
    expect(shown).not.toContain(secret);
  expect(shown).toContain('AES');
});

test('lines of a chat are parsed as texts, commands, or errors', () => {
  expect(readChatInput('hello')).toEqual({ kind: 'text', text: 'hello' });
  expect(readChatInput('//slash')).toEqual({ kind: 'text', text: '/slash' });
  expect(readChatInput('/to  the green one ')).toEqual({
    kind: 'command',
    name: 'to',
    rest: 'the green one',
  });
  expect(readChatInput('/constructor').kind).toBe('wrong');
  expect(readChatInput('/').kind).toBe('wrong');
});

test('the tab key completes commands and contacts', () => {
  const names = ['hulk', 'the green one'];
  expect(completions('/hi', names)).toEqual([['/history'], '/hi']);
  expect(completions('/to THE', names)).toEqual([['the green one'], 'THE']);
  expect(completions('ask hu', names)).toEqual([['hulk'], 'hu']);
  expect(completions('ask ', names)).toEqual([[], '']);
  expect(completions('/', names)[0]).toHaveLength(Object.keys(CHAT_COMMANDS).length);
});

test('every error code has its exit status, and an unexpected error reveals nothing', () => {
  for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    expect(failureOf(new ProtocolError(code, 'text'))).toMatchObject({
      code,
      exit: ERRORS[code].exit,
    });
  }
  expect(failureOf(new TypeError('secret'))).toEqual({
    code: 'internal',
    message: 'unexpected TypeError',
    exit: 70,
  });
});

test('every result is one line of JSON, whatever it contains', () => {
  let out = '';
  const sink = { write: (text: string) => (out += text) };
  const output = new Output(
    sink,
    { write: () => expect.unreachable() },
    { json: true, quiet: false },
  );
  output.result('message', { text: 'a\nb\u2028c' }, 'no');
  output.note('no');
  output.event('connection', { state: 'online' }, 'no');
  expect(output.failure(new ProtocolError('crypto/signature', 'forged'))).toBe(76);
  expect(out).not.toContain('\u2028');
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { type: 'message', text: 'a\nb\u2028c' },
    { type: 'connection', state: 'online' },
    { error: { code: 'crypto/signature', message: 'forged' } },
  ]);
});
