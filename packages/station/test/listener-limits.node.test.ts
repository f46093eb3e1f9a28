import { pem } from '@dimp/fixtures/certificate';
import { until } from '@dimp/fixtures/http';
import { expect, onTestFinished, test } from 'vitest';
import { GET, UPGRADE } from './support/first-bytes.ts';
import { listenerService, wire } from './support/listener-service.ts';

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
