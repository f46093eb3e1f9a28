import { pem } from '@dimp/fixtures/certificate';
import { until } from '@dimp/fixtures/http';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { connectTcp } from '@dimp/transport-tcp';
import { LineSplitter } from '@dimp/transport-tcp/lines';
import { encodeFrame } from '@dimp/transport-tcp/mtp';
import { connectWebSocket } from '@dimp/transport-websocket';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { recogniseFraming } from '../src/node/listener/framing.ts';
import { listenerService, wire } from './support/listener-service.ts';

const MESSAGE = '{"sender":"moki@anywhere","data":"é😀"}';
const RAW = Buffer.from(MESSAGE).toString('latin1');
const MTP = Buffer.from(
  encodeFrame({
    type: 'message',
    id: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    body: utf8Encode(MESSAGE),
  }),
).toString('latin1');
const GET = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
const UPGRADE =
  'GET /any/path?x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Origin: https://anywhere.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

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

test('a connection that says nothing, or only a little now and then, is closed in time', async () => {
  const { listener } = await listenerService({ times: { opening: 1500 } });
  const lines = await Promise.all([wire(listener.port), wire(listener.port)]);
  const started = Date.now();
  const letters = [...'OPTIONS'];
  const timer = setInterval(() => lines[1]?.socket.write(letters.shift() ?? ''), 200);
  onTestFinished(() => clearInterval(timer));
  await until(() => lines.every(({ closed }) => closed), 6000);
  expect(Date.now() - started).toBeGreaterThan(1000);
  expect(listener.connections).toBe(0);
});

test('a slow TLS handshake is closed in time as well', async () => {
  const tls = { cert: pem('cert'), key: pem('key') };
  const { listener } = await listenerService({ tls, times: { opening: 1000 } });
  const line = await wire(listener.port);
  line.socket.write(Buffer.from('160301020001', 'hex'));
  const timer = setInterval(() => line.socket.write(Buffer.of(0)), 50);
  onTestFinished(() => clearInterval(timer));
  await until(() => line.closed, 6000);
  expect(listener.connections).toBe(0);
});

test('slow headers end the connection', async () => {
  const { listener } = await listenerService({ times: { http: { headers: 500 } } });
  const line = await wire(listener.port);
  line.socket.write('GET / HTTP/1.1\r\n');
  const timer = setInterval(() => line.socket.write('a: b\r\n'), 50);
  onTestFinished(() => clearInterval(timer));
  await until(() => line.closed, 6000);
  expect(listener.connections).toBe(0);
});

test('a body that stops arriving is given up', async () => {
  const { listener } = await listenerService({ times: { http: { idle: 300 } } });
  const line = await wire(listener.port);
  line.socket.write('PUT /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc');
  await until(() => line.closed, 6000);
  expect(listener.connections).toBe(0);
});

test('a silent peer over lines is disconnected, and one that sends heartbeats is not', async () => {
  const { listener } = await listenerService({ times: { idle: 1500 } });
  const [silent, beating] = [await wire(listener.port), await wire(listener.port)];
  silent.socket.write('\n');
  beating.socket.write('\n');
  const timer = setInterval(() => beating.socket.write('\n'), 200);
  onTestFinished(() => clearInterval(timer));
  await until(() => silent.closed, 8000);
  expect(beating.closed).toBe(false);
  expect(listener.connections).toBe(1);
});

test('a line without end is refused before it fills the memory', async () => {
  const { listener, lost } = await listenerService({ limits: { messageBytes: 4096 } });
  const line = await wire(listener.port);
  line.socket.write(`{"data":"${'x'.repeat(8300)}`);
  await until(() => line.closed);
  expect(lost).toMatchObject([{ code: 'format/limit' }]);
});

test('a WebSocket message above the limit is refused before it has arrived', async () => {
  const { listener, accepted } = await listenerService({ limits: { messageBytes: 4096 } });
  const line = await wire(listener.port);
  const head = Buffer.of(0x81, 0x80 | 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0);
  line.socket.write(Buffer.concat([Buffer.from(UPGRADE), head]));
  await until(() => line.closed);
  expect(accepted.length).toBe(1);
});

test('connections are limited in total and for each address, before anything is read', async () => {
  const limited: string[] = [];
  const metrics = {
    add() {},
    change() {},
    observe() {},
    refused() {},
    limited: (limit: string) => void limited.push(limit),
  };
  const { listener } = await listenerService({ metrics, limits: { connectionsPerAddress: 2 } });
  const lines = [await wire(listener.port), await wire(listener.port)];
  const third = await wire(listener.port);
  await until(() => third.closed);
  expect(third.text).toBe('');
  expect(limited).toEqual(['connectionsPerAddress']);
  lines[0]?.socket.destroy();
  await until(() => listener.connections === 1);
  const fourth = await wire(listener.port);
  fourth.socket.write(GET);
  await until(() => fourth.text.endsWith('{"ok":true}'));
});

test('the rate of connections of an address is limited', async () => {
  const { listener } = await listenerService({
    limits: { connectionRate: { perSecond: 0.001, burst: 3 } },
  });
  for (let count = 0; count < 3; count++) {
    const line = await wire(listener.port);
    line.socket.write(GET);
    await until(() => line.text.endsWith('{"ok":true}'));
    line.socket.destroy();
  }
  const line = await wire(listener.port);
  await until(() => line.closed);
  expect(line.text).toBe('');
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

describe('proxies', () => {
  const asked = async (options: Parameters<typeof listenerService>[0], headers: string) => {
    const { listener, accepted } = await listenerService(options);
    const line = await wire(listener.port);
    line.socket.write(UPGRADE.replace('\r\n\r\n', `\r\n${headers}\r\n\r\n`));
    await until(() => accepted.length === 1);
    return accepted[0]?.remote;
  };

  test('are not believed unless they are trusted', async () => {
    expect(await asked({}, 'X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https')).toMatchObject(
      {
        address: '127.0.0.1',
        secure: false,
      },
    );
  });

  test('report the last address that is not a proxy’s, and not what the client invented', async () => {
    const trustedProxies = ['127.0.0.0/8', '10.1.0.0/16'];
    const remote = await asked(
      { trustedProxies },
      'X-Forwarded-For: 8.8.8.8, 192.0.2.7, 10.1.2.3\r\nX-Forwarded-Proto: https',
    );
    expect(remote).toEqual({ address: '192.0.2.7', port: 0, secure: true });
    expect(await asked({ trustedProxies }, 'X-Forwarded-For: <script>')).toMatchObject({
      address: '127.0.0.1',
    });
  });

  test.each([
    ['203.0.113.7:5001', '203.0.113.7'],
    ['[2001:db8::1]:5001', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['"[2001:db8::1]:5001"', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['8.8.8.8, 203.0.113.7:5001', '203.0.113.7'],
    ['203.0.113.7:5001, 127.0.0.2:80', '203.0.113.7'],
    // The proxy does not know the address, so the client cannot be told from others.
    ['unknown', '127.0.0.1'],
    ['_hidden', '127.0.0.1'],
    ['203.0.113.7, unknown', '127.0.0.1'],
    ['203.0.113.7:', '127.0.0.1'],
    ['203.0.113.7:123456', '127.0.0.1'],
    ['[203.0.113.7]:5001', '127.0.0.1'],
    ['[2001:db8::1', '127.0.0.1'],
    ['203.0.113.777:1', '127.0.0.1'],
  ])('that write %s mean %s', async (header, address) => {
    const trustedProxies = ['127.0.0.0/8'];
    const remote = await asked({ trustedProxies }, `X-Forwarded-For: ${header}`);
    expect(remote?.address).toBe(address);
  });

  test('that add ports do not make all clients count as one', async () => {
    const { listener, accepted } = await listenerService({
      trustedProxies: ['127.0.0.1'],
      limits: { connectionsPerAddress: 1 },
    });
    for (let each = 1; each <= 8; each++) {
      const line = await wire(listener.port);
      const header = `X-Forwarded-For: 203.0.113.${each}:5001`;
      line.socket.write(UPGRADE.replace('\r\n\r\n', `\r\n${header}\r\n\r\n`));
    }
    await until(() => accepted.length === 8);
  });

  test('do not count as one address; their clients count separately', async () => {
    const { listener, accepted, keeper } = await listenerService({
      trustedProxies: ['127.0.0.1'],
      limits: { connectionsPerAddress: 1 },
    });
    const upgrade = async (address: string) => {
      const line = await wire(listener.port);
      line.socket.write(UPGRADE.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${address}\r\n\r\n`));
      return line;
    };
    const first = await upgrade('192.0.2.1');
    await upgrade('192.0.2.2');
    await until(() => accepted.length === 2);
    const refused = await upgrade('192.0.2.1');
    await until(() => refused.closed);
    expect(keeper.connections).toBe(2);
    first.socket.destroy();
    await until(() => keeper.connections === 1);
    await upgrade('192.0.2.1');
    await until(() => accepted.length === 3);
  });

  test('must be addresses', async () => {
    for (const wrong of ['localhost', '10.0.0.0/33', '10.0.0.0/x', '']) {
      await expect(listenerService({ trustedProxies: [wrong] })).rejects.toThrow(RangeError);
    }
  });
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
