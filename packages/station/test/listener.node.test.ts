import { pem } from '@dimp/fixtures/certificate';
import { until } from '@dimp/fixtures/http';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { connectTcp } from '@dimp/transport-tcp';
import { LineSplitter } from '@dimp/transport-tcp/lines';
import { connectWebSocket } from '@dimp/transport-websocket';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recogniseFraming } from '../src/node/listener/framing.ts';
import { GET, MESSAGE, MTP, RAW, UPGRADE } from './support/first-bytes.ts';
import { listenerService, wire } from './support/listener-service.ts';

/** A text frame as clients send them, masked with zeros. */
function textFrame(text: string): string {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.of(0x81, 0x80 | body.length, 0, 0, 0, 0), body]).toString('latin1');
}

describe.each(['plain', 'TLS'])('over %s, on one port', (kind) => {
  const open = async () => {
    const cert = pem('cert');
    const service = await listenerService({ tls: { cert, key: pem('key') } });
    const dial = () => wire(service.listener.port, kind === 'TLS' ? cert : undefined);
    return { ...service, dial };
  };

  const speaks: readonly (readonly [string, string, (answer: string) => boolean])[] = [
    ['MTP', MTP, (answer) => answer.includes(RAW)],
    ['lines', `${RAW}\n`, (answer) => answer === `${RAW}\n`],
    ['lines behind a heartbeat', `\n\n${RAW}\n`, (answer) => answer === `${RAW}\n`],
    ['HTTP', GET, (answer) => answer.endsWith('{"ok":true}')],
    ['WebSocket', UPGRADE + textFrame(MESSAGE), (answer) => answer.includes(RAW)],
  ];

  test.each(speaks)('%s is recognised, in one segment', async (_name, bytes, isAnswer) => {
    const { dial } = await open();
    const line = await dial();
    line.socket.write(Buffer.from(bytes, 'latin1'));
    await until(() => isAnswer(line.text));
  });

  test.each(speaks)('%s is recognised in segments of one byte', async (_name, bytes, isAnswer) => {
    const { dial } = await open();
    const line = await dial();
    await line.trickle(bytes);
    await until(() => isAnswer(line.text));
  });

  test('the station learns the address of a connection, and whether it is encrypted', async () => {
    const { dial, accepted } = await open();
    const line = await dial();
    line.socket.write(Buffer.from(MTP, 'latin1'));
    await until(() => accepted.length === 1);
    expect(accepted[0]?.remote).toEqual({
      address: '127.0.0.1',
      port: line.socket.localPort,
      secure: kind === 'TLS',
    });
  });
});

test('the transports of clients reach the station, with large payloads both ways', async () => {
  const cert = pem('cert');
  const { listener, received } = await listenerService({ tls: { cert, key: pem('key') } });
  const { port } = listener;
  const context = { maxPayloadBytes: 2_000_000 };
  const text = `{"data":"${'x'.repeat(900_000)}"}`;
  for (const connect of [
    connectTcp({ host: '127.0.0.1', port }),
    connectTcp({ host: '127.0.0.1', port, tls: { ca: cert } }),
    connectWebSocket({ url: `ws://127.0.0.1:${port}/` }),
    connectWebSocket({ url: `wss://127.0.0.1:${port}/`, tls: { ca: cert } }),
  ]) {
    const transport = await connect(context);
    void transport.send(utf8Encode(text)).catch(() => undefined);
    const iterator = transport.incoming[Symbol.asyncIterator]();
    const { value } = await iterator.next();
    expect(utf8Decode(value.payload) === text).toBe(true);
    await transport.close();
  }
  expect(received.length).toBe(4);
  await until(() => listener.connections === 0);
});

test.each([
  ['an unknown word', 'EHLO x\r\n'],
  ['an unknown method', 'TRACE / HTTP/1.1\r\n\r\n'],
  ['a method that is none', 'GETX'],
  ['zeros', '\0\0\0\0'],
  ['Mars framing, which is not spoken', '\0\0\0\x14\0\0\0\xc8'],
  ['SSH', 'SSH-2.0-x\r\n'],
  ['an old TLS hello', '\x80\x2e\x01\x03'],
  ['TLS without a certificate here', '\x16\x03\x01\x00\x05'],
])('%s is closed without an answer', async (_name, bytes) => {
  const { listener, accepted } = await listenerService();
  const line = await wire(listener.port);
  line.socket.write(Buffer.from(bytes, 'latin1'));
  await until(() => line.closed);
  expect(line.text).toBe('');
  await until(() => listener.connections === 0);
  expect(accepted.length).toBe(0);
});

test('where TLS is required, plain connections are refused', async () => {
  const cert = pem('cert');
  const { listener } = await listenerService({ tls: { cert, key: pem('key'), required: true } });
  for (const bytes of [GET, MTP, `${RAW}\n`]) {
    const line = await wire(listener.port);
    line.socket.write(Buffer.from(bytes, 'latin1'));
    await until(() => line.closed);
    expect(line.text).toBe('');
  }
  const line = await wire(listener.port, cert);
  line.socket.write(GET);
  await until(() => line.text.endsWith('{"ok":true}'));
});

test('a new certificate is used from the next connection on, and an invalid one changes nothing', async () => {
  const [cert, key, otherCert] = [pem('cert'), pem('key'), pem('other-cert')];
  const { listener } = await listenerService({ tls: { cert, key } });
  const old = await wire(listener.port, cert);
  expect(() => listener.setTls({ cert: otherCert, key })).toThrow();
  await wire(listener.port, cert);
  listener.setTls({ cert: otherCert, key: pem('other-key') });
  await wire(listener.port, otherCert);
  await expect(wire(listener.port, cert)).rejects.toThrow();
  old.socket.write(GET);
  await until(() => old.text.endsWith('{"ok":true}'));
});

test('several requests of one connection are answered in order', async () => {
  const { listener } = await listenerService();
  const line = await wire(listener.port);
  line.socket.write(GET + GET + GET);
  await until(() => line.text.split('{"ok":true}').length === 4);
  expect(line.closed).toBe(false);
});

test('a closing listener accepts no new connection, answers pending requests, and ends the rest', async () => {
  let answer = (): void => undefined;
  const { listener, accepted } = await listenerService({
    http: (_request, response) => {
      answer = () => void response.end('late');
    },
  });
  const { port } = listener;
  const [asking, idle, mtp, undecided] = [
    await wire(port),
    await wire(port),
    await wire(port),
    await wire(port),
  ];
  asking.socket.write(GET);
  idle.socket.write('G');
  mtp.socket.write(Buffer.from(MTP, 'latin1'));
  await until(() => accepted.length === 1);
  const closing = listener.close();
  await until(() => idle.closed && undecided.closed);
  await expect(wire(port)).rejects.toThrow();
  expect([asking.closed, mtp.closed]).toEqual([false, false]);
  answer();
  await until(() => asking.closed);
  expect(asking.text).toContain('late');
  await accepted[0]?.transport.close();
  await closing;
  expect([mtp.closed, listener.connections]).toEqual([true, 0]);
});

test('a closing listener waits for a limited time', async () => {
  const { listener, accepted } = await listenerService();
  const line = await wire(listener.port);
  line.socket.write(Buffer.from(MTP, 'latin1'));
  await until(() => accepted.length === 1);
  await listener.close({ patience: 100 });
  await until(() => line.closed);
});

test('a port in use is an error', async () => {
  const { listener } = await listenerService();
  await expect(listenerService({ port: listener.port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

test('the first bytes decide the protocol, and more bytes never change the decision', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc
          .constantFrom('DIM', 'GET ', 'OPTIONS ', 'PUT /', '{"', '\n', '\x16\x03\x01')
          .map((text) => Buffer.from(text, 'latin1')),
      ),
      fc.uint8Array({ maxLength: 12 }),
      (head, more) => {
        const verdict = recogniseFraming(head);
        const later = recogniseFraming(Buffer.concat([head, more]));
        if (verdict !== undefined) expect(later).toBe(verdict);
        if (head.length >= 8) expect(verdict).toBeDefined();
      },
    ),
  );
});

test('lines are the same wherever the stream is divided, and never longer than allowed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z{} \r]{0,30}$/)),
      fc.array(fc.nat(300)),
      (lines, cuts) => {
        const stream = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const splitter = new LineSplitter(30);
        const found: string[] = [];
        let from = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), stream.length]) {
          const end = Math.max(from, Math.min(cut, stream.length));
          found.push(...splitter.push(stream.subarray(from, end)).map(utf8Decode));
          from = end;
        }
        expect(found).toEqual(lines.filter((line) => line.trim() !== ''));
        expect(splitter.waitingBytes).toBe(0);
      },
    ),
  );
  const splitter = new LineSplitter(30);
  expect(() => splitter.push(Buffer.alloc(31, 97))).toThrow(
    expect.objectContaining({ code: 'format/limit' }),
  );
});
