import { mkdir, readdir } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { Caller, serveCalls } from '../../apps/cli/src/host/calls.ts';
import { ask, greet } from '../../apps/cli/src/host/handshake.ts';
import { HostServer } from '../../apps/cli/src/host/host-server.ts';
import { IncomingHub } from '../../apps/cli/src/host/incoming-hub.ts';
import { CommandFailure } from '../../apps/cli/src/terminal/failure.ts';
import type { IncomingChatMessage } from '../../packages/chat/src/index.ts';
import { channelPair } from '../../packages/chat/src/port.ts';
import { ProtocolError } from '../../packages/foundation/src/index.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

const SECRET = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);

/** Both ends of a connection. */
async function sockets(): Promise<readonly [Socket, Socket]> {
  const path = join(await temporaryFolder(), 's');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const one = connect(path);
  const other = await accepted;
  for (const each of [one, other]) each.on('error', () => {});
  onTestFinished(() => {
    one.destroy();
    other.destroy();
    server.close();
  });
  return [one, other];
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof ProtocolError ? error.code : error),
  );

test('both sides prove that they know the secret, and must be of one version', async () => {
  const meet = async (own: Uint8Array, theirs: Uint8Array, version = '1') => {
    const [user, host] = await sockets();
    const asked = codeOf(ask(user, 'client', { secret: own, version: '1' }));
    const greeted = codeOf(
      greet(host, { secret: theirs, version }).catch((error: unknown) => {
        host.end();
        throw error;
      }),
    );
    return Promise.all([asked, greeted]);
  };
  expect(await meet(SECRET, SECRET)).toEqual(['ok', 'ok']);
  expect(await meet(SECRET, OTHER)).toEqual(['transport/closed', 'policy/unauthorized']);
  expect(await meet(SECRET, SECRET, '2')).toEqual(['unsupported/version', 'unsupported/version']);
});

test('a host that does not know the secret learns nothing, and cannot answer for the true one', async () => {
  const [user, host] = await sockets();
  const asked = codeOf(ask(user, 'profile', { secret: SECRET, version: '1' }));
  host.write(`${JSON.stringify({ dim: 1, nonce: '00' })}\n`);
  const [line] = (await new Promise<Buffer>((resolve) => host.once('data', resolve)))
    .toString('utf8')
    .split('\n');
  expect(line).not.toContain(Buffer.from(SECRET).toString('hex'));
  // It sends back the proof of the user.
  const { proof } = JSON.parse(line ?? '') as { readonly proof: string };
  host.write(`${JSON.stringify({ version: '1', proof })}\n`);
  expect(await asked).toBe('policy/unauthorized');
});

test.each([
  ['garbage', 'nonsense\n'],
  ['no end', 'x'.repeat(5000)],
  ['an unknown service', '{"nonce":"a","proof":"b","service":"keys","version":"1"}\n'],
  ['nothing', ''],
])('a connection that sends %s instead of a proof is refused', async (_what, sends) => {
  const [user, host] = await sockets();
  const greeted = codeOf(greet(host, { secret: SECRET, version: '1' }));
  user.end(sends);
  expect(await greeted).toMatch(/^(?:transport|policy)\//);
});

test('a server that cannot write its address stops listening, so that the program ends', async () => {
  // The socket has the longest path that the system accepts; that of the file is longer.
  const longest = process.platform === 'linux' ? 4095 : 1023;
  let folder = await temporaryFolder();
  for (let missing = longest - 15 - folder.length; missing > 1; ) {
    const name = 'd'.repeat(Math.min(missing - 1, 200));
    folder = join(folder, name);
    missing -= name.length + 1;
  }
  await mkdir(folder, { recursive: true });
  const serve = (): (() => void) => expect.unreachable();
  const opening = HostServer.open({ folder, version: '1', serve, onRefused: () => {} });
  await expect(opening).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  expect(await readdir(folder)).toEqual([]);
});

test('calls between processes keep codes and facts of errors, report progress, and end with the other side', async () => {
  const [one, other] = channelPair();
  let aborted: unknown;
  const methods = new Map<string, (...args: never[]) => Promise<unknown>>([
    ['sum', async (a: number, b: number) => a + b],
    ['fail', async () => Promise.reject(new ProtocolError('format/field', 'x must be y'))],
    [
      'usage',
      async () =>
        Promise.reject(new CommandFailure('usage', 'several', { facts: { candidates: ['a'] } })),
    ],
    ['bug', async () => Promise.reject(new TypeError('secret text'))],
    [
      'slow',
      async ({ signal, onProgress }: { signal: AbortSignal; onProgress: (n: number) => void }) => {
        onProgress(1);
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }).catch((error: unknown) => {
          aborted = error;
        });
      },
    ],
  ] as [string, (...args: never[]) => Promise<unknown>][]);
  const events: unknown[] = [];
  let closed = 0;
  const emit = serveCalls(one, methods, () => {
    closed += 1;
  });
  const caller = new Caller(
    other,
    (event) => events.push(event),
    () => {
      closed += 1;
    },
  );
  expect(await caller.call('sum', [1, 2])).toBe(3);
  emit({ hello: 1 });
  await expect(caller.call('fail', [])).rejects.toMatchObject({ code: 'format/field' });
  await expect(caller.call('usage', [])).rejects.toMatchObject({
    code: 'usage',
    facts: { candidates: ['a'] },
  });
  const bug = await caller.call('bug', []).catch((error: unknown) => error);
  expect(bug).toMatchObject({ code: 'internal' });
  expect(String(bug)).not.toContain('secret');
  await expect(caller.call('none', [])).rejects.toMatchObject({ code: 'policy/rate-limited' });
  expect(events).toEqual([{ hello: 1 }]);
  const progress: unknown[] = [];
  const stop = new AbortController();
  const slow = caller.call('slow', [], {
    signal: stop.signal,
    onProgress: (each) => progress.push(each),
  });
  await expect.poll(() => progress).toEqual([1]);
  stop.abort(new Error('enough'));
  await expect(slow).rejects.toThrow('enough');
  await expect.poll(() => aborted).toMatchObject({ code: 'transport/closed' });
  const left = caller.call('slow', []);
  one.close();
  await expect(left).rejects.toMatchObject({ code: 'transport/closed' });
  await expect(caller.call('sum', [1, 2])).rejects.toMatchObject({ code: 'transport/closed' });
  expect(closed).toBeGreaterThan(0);
});

/** A queue whose messages are finished when the next one is asked for. */
function queueOf(count: number) {
  const finished: number[] = [];
  async function* open(): AsyncGenerator<IncomingChatMessage> {
    for (let number = finished.length; number < count; number++) {
      yield { conversation: String(number) } as IncomingChatMessage;
      finished.push(number);
    }
  }
  return { finished, open };
}

test('all readers get each message once, and it leaves the queue when all of them have finished it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.constantFrom('next', 'leave', 'drop', 'join'), { maxLength: 12 }), {
        minLength: 1,
        maxLength: 4,
      }),
      async (scripts) => {
        const { finished, open } = queueOf(40);
        const hub = new IncomingHub(open);
        const seen = await Promise.all(
          scripts.map(async (script) => {
            const got: number[] = [];
            let reader = hub.join();
            let joined = true;
            for (const step of script) {
              if (step === 'join' && !joined) {
                reader = hub.join();
                joined = true;
              } else if (joined && step === 'next') {
                const limit = AbortSignal.timeout(20);
                const message = await hub.next(reader, limit).catch(() => undefined);
                if (message !== undefined) got.push(Number(message.conversation));
              } else if (joined && step !== 'join') {
                await hub.leave(reader, step === 'leave');
                joined = false;
              }
            }
            if (joined) await hub.leave(reader, true);
            return got;
          }),
        );
        await hub.close();
        // In order, without a gap that this reader could have seen, and nothing is finished that no reader has got.
        for (const got of seen) expect([...got].sort((a, b) => a - b)).toEqual(got);
        const all = new Set(seen.flat());
        for (const each of finished) expect(all.has(each)).toBe(true);
      },
    ),
    { numRuns: 30 },
  );
});

test('a message that no reader has finished comes to the next one', async () => {
  const { finished, open } = queueOf(3);
  const hub = new IncomingHub(open);
  const first = hub.join();
  expect((await hub.next(first)).conversation).toBe('0');
  await hub.leave(first, false);
  const second = hub.join();
  expect((await hub.next(second)).conversation).toBe('0');
  expect((await hub.next(second)).conversation).toBe('1');
  expect(finished).toEqual([0]);
  await hub.leave(second, true);
  await expect.poll(() => finished).toEqual([0, 1]);
  await hub.close();
  await expect(hub.next(second)).rejects.toMatchObject({ code: 'state/stopped' });
});
