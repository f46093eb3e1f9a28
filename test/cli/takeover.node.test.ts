import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { serveCalls } from '../../apps/cli/src/host/calls.ts';
import type { Host } from '../../apps/cli/src/host/host.ts';
import { IncomingHub } from '../../apps/cli/src/host/incoming-hub.ts';
import { RemoteHost } from '../../apps/cli/src/host/remote-host.ts';
import { type Session, withMessaging } from '../../apps/cli/src/host/with-messaging.ts';
import type { Context } from '../../apps/cli/src/terminal/context.ts';
import { Output } from '../../apps/cli/src/terminal/output.ts';
import type { IncomingChatMessage } from '../../packages/chat/src/index.ts';
import { Inbox } from '../../packages/chat/src/port/channel.ts';
import { type Channel, channelPair, serveClient } from '../../packages/chat/src/port.ts';
import { FakeClient, messageOf } from '../../packages/chat/test/port/fake-client.ts';

const USER = 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';
const INCOMING = ['one', 'two', 'three'];
/** A moment that no run reaches. */
const NEVER = 100_000;

type Service = 'client' | 'profile';
/** Which connection learns of the end first; a process that is not killed says so before it ends. */
type End = 'client first' | 'profile first' | 'in order';

/** Incoming messages on the disk of the profile. */
class Queue {
  readonly finished = new Set<string>();

  async *open(isAlive: () => boolean, signal: AbortSignal): AsyncGenerator<IncomingChatMessage> {
    for (const ref of INCOMING.filter((each) => !this.finished.has(each))) {
      yield { conversation: 'hulk', message: messageOf(ref), notify: true };
      if (!isAlive()) return;
      this.finished.add(ref);
    }
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  }
}

/** A process that has the profile open, and ends after a number of steps: a connection or a message in either direction. */
class Process {
  readonly pid: number;
  steps = 0;
  isAlive = true;
  readonly #endAt: number;
  readonly #end: End;
  readonly #hub: IncomingHub;
  readonly #fake = new FakeClient();
  readonly #ends: { readonly service: Service; readonly end: () => void }[] = [];

  constructor(pid: number, queue: Queue, endAt: number, end: End) {
    this.pid = pid;
    this.#endAt = endAt;
    this.#end = end;
    this.#fake.search = ['a', 'b'];
    this.#hub = new IncomingHub((signal) => queue.open(() => this.isAlive, signal));
  }

  async connect(service: Service): Promise<Channel> {
    if (!this.#passes()) {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' });
    }
    const [near, far] = channelPair();
    const inbox = new Inbox();
    near.onMessage = (message) => {
      if (this.#passes()) inbox.put(message);
    };
    const stop = this.#serve(service, far);
    this.#ends.push({
      service,
      end: () => {
        // One that ends in order says good-bye; the message is on its way when the process counts as gone.
        if (this.#end === 'in order' && service === 'client') inbox.put({ t: 'bye' });
        inbox.end(new Error('reset'));
        stop();
      },
    });
    return inbox.channel({
      post: (message) => {
        if (this.#passes()) near.post(message);
      },
      close: () => near.close(),
    });
  }

  #serve(service: Service, channel: Channel): () => void {
    if (service === 'client') {
      const port = serveClient(this.#fake.client, channel);
      return () => port.close();
    }
    const hub = this.#hub;
    const methods = new Map<string, (...args: never[]) => Promise<unknown>>([
      ['user', async () => USER],
      ['connection', async () => ({ state: 'online' })],
      ['outbox', async () => []],
      ['join', async () => hub.join()],
      [
        'next',
        (reader: number, { signal }: { readonly signal: AbortSignal }) => hub.next(reader, signal),
      ],
      ['leave', (reader: number, hasFinished: boolean) => hub.leave(reader, hasFinished)],
    ] as [string, (...args: never[]) => Promise<unknown>][]);
    serveCalls(channel, methods, () => {});
    return () => channel.close();
  }

  #passes(): boolean {
    if (!this.isAlive) return false;
    this.steps += 1;
    if (this.steps <= this.#endAt) return true;
    this.isAlive = false;
    const first: Service = this.#end === 'profile first' ? 'profile' : 'client';
    const [early, late] = [true, false].map((isFirst) =>
      this.#ends.filter(({ service }) => (service === first) === isFirst),
    );
    queueMicrotask(() => {
      for (const { end } of early ?? []) end();
    });
    // The system tells the other connection of it later.
    setTimeout(() => {
      for (const { end } of late ?? []) end();
    }, 3);
    return false;
  }
}

/** A command that uses everything of a session at the same time, and goes on where it was. */
class Everything {
  readonly shown: string[] = [];

  async run({ client, calls }: Session): Promise<string> {
    const chat = await client.chats.open('hulk');
    const page = chat.window({ size: 10 });
    const [count, found, summary, session, list] = await Promise.all([
      countOf(chat.messages()),
      countOf(client.chats.search('a')),
      chat.summary.ready,
      client.session.ready,
      client.chats.list().ready,
      page.ready,
      calls.outbox(),
      this.#read(calls),
    ]);
    await page.older();
    await page.close();
    await chat.markRead();
    return JSON.stringify([count, found, summary.id, session.state, list]);
  }

  async #read(calls: Session['calls']): Promise<void> {
    const reader = await calls.join();
    while (this.shown.length < INCOMING.length) {
      const { message } = await calls.next(reader);
      if (message.ref !== this.shown.at(-1)) this.shown.push(message.ref);
    }
    await calls.leave(reader, true);
  }
}

async function countOf(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count += 1;
  return count;
}

function contextOf(): { readonly context: Context; readonly written: () => string } {
  const stdout = new PassThrough();
  let written = '';
  stdout.on('data', (bytes: Buffer) => {
    written += bytes.toString('utf8');
  });
  const context: Context = {
    stdin: new PassThrough(),
    stdout,
    stderr: stdout,
    env: {},
    signal: new AbortController().signal,
    options: {},
    output: new Output(stdout, stdout, { json: true, quiet: false }),
  };
  return { context, written: () => written };
}

/** Opens the first process that is there. */
async function openOf(processes: readonly Process[]): Promise<Host> {
  for (const process of processes) {
    const host = await RemoteHost.of('moki', process);
    if (host !== undefined) return host;
  }
  throw new Error('there is no process');
}

/** Runs the command while the first process ends after a number of steps. @returns whether it has ended */
async function runWithEnd(endAt: number, end: End): Promise<boolean> {
  const queue = new Queue();
  const first = new Process(1, queue, endAt, end);
  const second = new Process(2, queue, NEVER, end);
  const { context, written } = contextOf();
  const command = new Everything();
  const result = await withMessaging(
    context,
    { open: () => openOf([first, second]), onEvent: () => {} },
    (session) => command.run(session),
  );
  const moment = `${end}, after ${endAt} steps`;
  expect(result, moment).toBe('[300,2,"hulk","online",[]]');
  expect(command.shown, moment).toEqual(INCOMING);
  expect(written().split('"host-ended"').length, moment).toBeLessThanOrEqual(2);
  return !first.isAlive;
}

test.each<End>(['client first', 'profile first', 'in order'])(
  'a command goes on with another process at whatever moment the one that has the profile open ends (%s)',
  async (end) => {
    let moments = 0;
    while (await runWithEnd(moments, end)) moments += 1;
    expect(moments).toBeGreaterThan(40);
  },
);

test('a process that is there and closes each connection ends the command with an error', async () => {
  const { context, written } = contextOf();
  const running = withMessaging(
    context,
    {
      open: () => openOf([new Process(1, new Queue(), 8, 'client first')]),
      onEvent: () => {},
    },
    (session) => new Everything().run(session),
  );
  await expect(running).rejects.toMatchObject({ code: 'transport/closed' });
  expect(written().split('"host-ended"').length).toBe(5);
});
