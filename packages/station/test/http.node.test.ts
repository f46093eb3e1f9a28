import { ask } from '@dimp/fixtures/http';
import { PrometheusMetrics } from '@dimp/station/node';
import { expect, test } from 'vitest';
import { type HttpHandlerOptions, httpHandler } from '../src/node/http/http-handler.ts';
import { listenerService } from './support/listener-service.ts';

const serve = async (options: Partial<HttpHandlerOptions> = {}, listener = {}) => {
  const http = httpHandler({ health: () => ({ ok: true }), ...options });
  return (await listenerService({ http, ...listener })).listener;
};

test('health is 200 or 503 and nothing else', async () => {
  let ok = true;
  const secrets = { store: 'failing', users: 7 };
  const listener = await serve({ health: () => ({ ok, ...secrets }) });
  const well = await ask(listener, 'GET', '/health?x=1');
  expect([well.status, well.body.toString()]).toEqual([200, '{"ok":true}']);
  expect(well.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect(well.headers['access-control-allow-origin']).toBe(undefined);
  ok = false;
  const ill = await ask(listener, 'GET', '/health');
  expect([ill.status, ill.body.toString()]).toEqual([503, '{"ok":false}']);
  const head = await ask(listener, 'HEAD', '/health');
  expect([head.status, head.body.length]).toEqual([503, 0]);
});

test('a station whose health check throws is unhealthy', async () => {
  const listener = await serve({ health: () => Promise.reject(new Error('gone')) });
  expect((await ask(listener, 'GET', '/health')).status).toBe(503);
});

test('unknown paths are 404, other methods are 405, and nothing of a request is echoed', async () => {
  const listener = await serve({ metrics: new PrometheusMetrics() });
  const missing = await ask(listener, 'GET', '/<script>alert(1)</script>', {
    headers: { 'X-A': 'echo' },
  });
  expect([missing.status, missing.body.length]).toEqual([404, 0]);
  expect(JSON.stringify(missing.headers)).not.toMatch(/script|echo/);
  expect((await ask(listener, 'GET', '/f/a')).status).toBe(404);
  for (const path of ['/health', '/metrics']) {
    const posted = await ask(listener, 'POST', path, { body: new Uint8Array(1000) });
    expect([posted.status, posted.headers.allow]).toEqual([405, 'GET, HEAD']);
  }
});

test('metrics have the format of Prometheus, and are of one station only', async () => {
  const [metrics, others] = [new PrometheusMetrics(), new PrometheusMetrics()];
  const listener = await serve({ metrics });
  metrics.add('messages.stored', 3);
  metrics.change('connections.open', 2);
  metrics.change('connections.open', -1);
  metrics.observe('commit.seconds', 0.004);
  metrics.refused('crypto/signature');
  metrics.limited('connections');
  metrics.watch('files_bytes', 'Bytes of files', () => 42);
  others.add('messages.stored', 100);
  const { body, headers, status } = await ask(listener, 'GET', '/metrics');
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = body.toString().split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'dim_station_messages_stored_total 3',
      'dim_station_connections_open 1',
      'dim_station_commit_seconds_bucket{le="0.005"} 1',
      'dim_station_refused_total{code="crypto/signature"} 1',
      'dim_station_limited_total{limit="connections"} 1',
      'dim_station_files_bytes 42',
    ]),
  );
  expect(body.toString()).not.toContain('process_');
});

test('metrics of the process are included on request', async () => {
  const text = await new PrometheusMetrics({ process: true }).text();
  expect(text).toContain('process_resident_memory_bytes');
});

test('metrics are served to programs on this machine, and not through a proxy on it', async () => {
  const metrics = new PrometheusMetrics();
  const listener = await serve({ metrics }, { trustedProxies: ['127.0.0.1'] });
  expect((await ask(listener, 'GET', '/metrics')).status).toBe(200);
  for (const from of ['192.0.2.7', '127.0.0.1', 'nonsense']) {
    const headers = { 'X-Forwarded-For': from };
    expect((await ask(listener, 'GET', '/metrics', { headers })).status).toBe(403);
  }
});

test('metrics are not served to a browser on this machine that asks under another host name', async () => {
  const listener = await serve({ metrics: new PrometheusMetrics() });
  const status = async (host: string): Promise<number> => {
    const headers = { Host: host };
    return (await ask(listener, 'GET', '/metrics', { headers })).status;
  };
  for (const host of ['localhost', 'localhost:9394', '127.0.0.1:9394', '127.1.2.3', '[::1]:9394']) {
    expect([host, await status(host)]).toEqual([host, 200]);
  }
  for (const host of [
    'rebound.example',
    'rebound.example:9394',
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    'localhost:80:90',
    '192.0.2.7',
  ]) {
    expect([host, await status(host)]).toEqual([host, 403]);
  }
});

test('metrics are served to holders of the token, or to all, if the operator configures that', async () => {
  const metrics = new PrometheusMetrics();
  const token = '0123456789abcdef';
  const listener = await serve({ metrics, metricsAccess: { token } });
  const none = await ask(listener, 'GET', '/metrics');
  expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  const wrong = { Authorization: 'Bearer 0123456789abcdeg' };
  expect((await ask(listener, 'GET', '/metrics', { headers: wrong })).status).toBe(401);
  const right = { Authorization: `Bearer ${token}` };
  expect((await ask(listener, 'GET', '/metrics', { headers: right })).status).toBe(200);
  const open = await serve({ metrics, metricsAccess: 'anyone' });
  const forwarded = { 'X-Forwarded-For': '192.0.2.7' };
  expect((await ask(open, 'GET', '/metrics', { headers: forwarded })).status).toBe(200);
  expect(() =>
    httpHandler({ health: () => ({ ok: true }), metricsAccess: { token: 'short' } }),
  ).toThrow(RangeError);
});

test('an unwanted body is not read without end', async () => {
  const listener = await serve();
  const big = ask(listener, 'PUT', '/nothing', { body: new Uint8Array(20_000_000) });
  const outcome = await big.then(({ status }) => status).catch(() => 'cut');
  expect([404, 'cut']).toContain(outcome);
  const fits = await ask(listener, 'PUT', '/nothing', { body: new Uint8Array(4_000_000) });
  expect(fits.status).toBe(404);
  expect(fits.headers.connection).toBe('close');
});
