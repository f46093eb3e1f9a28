import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Transport } from '@dimp/core';
import { Sweep } from '@dimp/core/transport';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { type OpenPair, type TestFunction, transportCompliance } from '@dimp/testing/compliance';
import { acceptLines } from '@dimp/transport-tcp/lines';
import { afterAll, expect, onTestFinished, test } from 'vitest';

let take: (socket: Socket) => void = () => undefined;
const server = createServer({ noDelay: true }, (socket) => take(socket));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => void server.close());

const sweep = new Sweep();
let sockets: readonly [Socket, Socket];

const open: OpenPair = async ({ maxPayloadBytes: [left, right] }) => {
  const accepted = new Promise<Socket>((resolve) => {
    take = resolve;
  });
  const { port } = server.address() as AddressInfo;
  const near = connect({ port, host: '127.0.0.1', noDelay: true });
  sockets = [near, await accepted];
  return [transport(sockets[0], left), transport(sockets[1], right)];
};

function transport(socket: Socket, maxPayloadBytes: number, head = ''): Transport {
  const options = { maxPayloadBytes, sweep, idleTimeout: 60_000, head: utf8Encode(head) };
  return acceptLines(socket, options);
}

/** A payload of several messages is several payloads for who reads lines. */
const lines: TestFunction = (name, run) =>
  name.startsWith('texts with line ends') ? undefined : test(name, run);

transportCompliance(lines, {
  open,
  lose: (end) => void sockets[end === 'left' ? 0 : 1].resetAndDestroy(),
  acknowledged: [],
  signals: false,
});

test('several messages in one payload are several lines, and only line feeds end them', async () => {
  const [left, right] = await open({ maxPayloadBytes: [10_000, 10_000] });
  onTestFinished(() => Promise.all([left.close(), right.close()]).then(() => undefined));
  const iterator = right.incoming[Symbol.asyncIterator]();
  await left.send(utf8Encode('{"a":1}\n{"b":2}\r\n\n{"c":"\u2028\u0085é😀\\n"}'));
  const texts: string[] = [];
  while (texts.length < 3) texts.push(utf8Decode((await iterator.next()).value.payload));
  expect(texts).toEqual(['{"a":1}', '{"b":2}\r', '{"c":"\u2028\u0085é😀\\n"}']);
});
