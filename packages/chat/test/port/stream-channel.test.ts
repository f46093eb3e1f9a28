import { deferred, equalBytes, isProtocolError } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { decodeValue, encodeValue } from '../../src/port/values.ts';
import {
  type ByteStream,
  connectClient,
  type StreamChannelOptions,
  serveClient,
  streamChannel,
} from '../../src/port.ts';
import { FakeClient, messageOf, summaryOf } from './fake-client.ts';

/** Two ends of a byte stream that cuts what it carries into parts. */
function streamPair(cut: (length: number) => number = (length) => length) {
  const make = () => {
    const parts: Uint8Array[] = [];
    let wake = deferred();
    let closed = false;
    return {
      push: (bytes: Uint8Array) => {
        if (closed) throw new Error('closed');
        for (let at = 0; at < bytes.length; ) {
          const size = Math.max(1, cut(bytes.length - at));
          parts.push(bytes.slice(at, at + size));
          at += size;
        }
        wake.resolve();
      },
      close: () => {
        closed = true;
        wake.resolve();
      },
      async *incoming() {
        for (;;) {
          const part = parts.shift();
          if (part !== undefined) yield part;
          else if (closed) return;
          else {
            wake = deferred();
            await wake.promise;
          }
        }
      },
    };
  };
  const [left, right] = [make(), make()];
  const end = (reads: typeof left, writes: typeof left): ByteStream => ({
    incoming: reads.incoming(),
    write: async (bytes) => writes.push(bytes),
    close: () => {
      left.close();
      right.close();
    },
  });
  return { ours: end(left, right), theirs: end(right, left), push: right.push };
}

function connected(options: StreamChannelOptions = {}, cut?: (length: number) => number) {
  const fake = new FakeClient();
  const { ours, theirs } = streamPair(cut);
  const onClose = vi.fn();
  serveClient(fake.client, streamChannel(theirs), { onClose });
  return { fake, client: connectClient(streamChannel(ours, options)), onClose };
}

test('any plain data survives JSON, also what JSON cannot say', () => {
  const names = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('__proto__', 'constructor'));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.uint8Array({ maxLength: 9 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(names, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, (each) => {
      const { value: json, specials } = encodeValue(each, () => 0);
      const read: unknown = decodeValue(JSON.parse(JSON.stringify([json, specials])), () => []);
      // -0 is 0 in JSON, and members that are undefined are left out.
      expect(withoutUndefined(read)).toEqual(withoutUndefined(each));
    }),
  );
});

function withoutUndefined(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) =>
      each === undefined ? [] : [[name, withoutUndefined(each)]],
    ),
  );
}

test.each([
  [[]],
  [{}],
  [[[1], [['bytes', [0]]]]],
  [[['%'], [['bytes', [0]]]]],
  [[[{}], [['number', [0, '__proto__']]]]],
  [[[{}], [['undefined', [0, 'constructor', 'prototype']]]]],
  [[[null], [['file', [0]]]]],
  [[[null], [['undefined', []]]]],
  [[[null], [['other', [0]]]]],
])('JSON that is not a message is refused: %j', (json) => {
  let error: unknown;
  try {
    decodeValue(JSON.parse(JSON.stringify(json)), () => []);
  } catch (thrown) {
    error = thrown;
  }
  expect(isProtocolError(error) && error.code.startsWith('format/')).toBe(true);
});

test.each([1, 2, 3, 7, 1000])('a client works over a stream in parts of %d bytes', async (size) => {
  const { fake, client } = connected({}, () => size);
  fake.conversations.set([summaryOf('a', { mutedUntil: Number.POSITIVE_INFINITY })]);
  expect(await client.chats.list().ready).toEqual(fake.conversations.value);
  const chat = await client.chats.open('hulk');
  await chat.mute(undefined);
  expect(fake.calls).toEqual([['chat.mute', undefined]]);
  expect(await chat.message('größe 🐢')).toEqual(messageOf('größe 🐢'));
  fake.search = ['a', 'b'];
  const hits: string[] = [];
  for await (const { message } of client.chats.search('x')) hits.push(message.ref);
  expect(hits).toEqual(['a', 'b']);
  await client.close();
});

test('a file crosses in pieces, and other messages pass it', async () => {
  const { fake, client } = connected();
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251);
  fake.attachment = async () => new Blob([bytes], { type: 'image/png' });
  const chat = await client.chats.open('hulk');
  const order: string[] = [];
  const getting = chat.attachment('a').then((blob) => {
    order.push('file');
    return blob;
  });
  await chat.message('a').then(() => order.push('message'));
  const blob = await getting;
  expect(order).toEqual(['message', 'file']);
  expect(blob.type).toBe('image/png');
  expect(equalBytes(new Uint8Array(await blob.arrayBuffer()), bytes)).toBe(true);
  await client.close();
});

test('a file that is larger than allowed ends the channel with an error', async () => {
  const { fake, client, onClose } = connected({ maxBlobBytes: 1000 });
  fake.attachment = async () => new Blob([new Uint8Array(2000)]);
  const chat = await client.chats.open('hulk');
  await expect(chat.attachment('a')).rejects.toMatchObject({ code: 'transport/closed' });
  await vi.waitFor(() => expect(onClose).toHaveBeenCalled());
});

test('empty pieces of ever more files end the channel too', async () => {
  const { theirs, push } = streamPair();
  const onClose = vi.fn();
  serveClient(new FakeClient().client, streamChannel(theirs, { maxBlobBytes: 1000 }), { onClose });
  for (let name = 0; name < 20; name++) push(Uint8Array.from([0, 0, 0, 5, 0x70, 0, 0, 0, name]));
  await vi.waitFor(() => expect(onClose).toHaveBeenCalledTimes(1));
});

test.each([
  ['a length above the limit', [0xff, 0xff, 0xff, 0xff, 0]],
  ['an unknown kind of frame', [0, 0, 0, 1, 0x78]],
  ['a piece without a number', [0, 0, 0, 2, 0x70, 0]],
  ['JSON that cannot be read', [0, 0, 0, 2, 0x6d, 0x7b]],
  ['JSON of another program', [0, 0, 0, 3, 0x6d, 0x7b, 0x7d]],
  ['an empty frame', [0, 0, 0, 0]],
])('a peer that sends %s is disconnected', async (_, bytes) => {
  const { ours, theirs, push } = streamPair();
  const onClose = vi.fn();
  serveClient(new FakeClient().client, streamChannel(theirs), { onClose });
  push(Uint8Array.from(bytes));
  await vi.waitFor(() => expect(onClose).toHaveBeenCalledTimes(1));
  ours.close();
});

test('what was posted before the channel was closed arrives', async () => {
  const { ours, theirs } = streamPair();
  const [left, right] = [streamChannel(ours), streamChannel(theirs)];
  const heard: unknown[] = [];
  const closed = deferred<unknown>();
  right.onMessage = (message) => heard.push(message);
  right.onClose = closed.resolve;
  left.post('a');
  left.post(new Blob(['x']));
  left.post(undefined);
  left.close();
  left.post('too late');
  expect(await closed.promise).toBeUndefined();
  expect(heard).toEqual(['a', undefined, expect.any(Blob)]);
});
