import { expect, test } from 'vitest';
import { socketError } from '../src/transport.ts';

const at = { host: 'station.example', port: 9394 };
const system = (code: string): Error => Object.assign(new Error('x'), { code });

test.each([
  ['ECONNREFUSED', 'transport/refused', true, /station\.example:9394 .*program.*port/],
  ['ENOTFOUND', 'transport/unknown-host', true, /station\.example .*name/],
  ['EAI_AGAIN', 'transport/unknown-host', true, /station\.example .*network/],
  ['ENETUNREACH', 'transport/unreachable', true, /station\.example:9394 .*network/],
  ['EHOSTUNREACH', 'transport/unreachable', true, /station\.example:9394 .*network/],
  ['ETIMEDOUT', 'transport/timeout', true, /station\.example:9394 .*firewall/],
  ['CERT_HAS_EXPIRED', 'transport/certificate', false, /station\.example has expired.*clock/],
  ['CERT_NOT_YET_VALID', 'transport/certificate', false, /station\.example .*clock/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'transport/certificate', false, /authority/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'transport/certificate', false, /authority/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'transport/certificate', false, /another host/],
  ['CERT_REVOKED', 'transport/certificate', false, /CERT_REVOKED/],
  ['EPROTO', 'transport/protocol', true, /TLS/],
  ['ECONNRESET', 'transport/closed', true, /lost/],
])('%s is %s and its message says what to do', (reason, code, retryable, message) => {
  const error = socketError(system(reason), at);
  expect(error).toMatchObject({ code, retryable, details: { reason, ...at } });
  expect(error.message).toMatch(message);
});

test('of several attempts at the addresses of one name, the one that was refused tells most', () => {
  const errors = [system('ETIMEDOUT'), system('ECONNREFUSED')];
  expect(socketError(new AggregateError(errors), at).code).toBe('transport/refused');
  expect(socketError(new AggregateError([system('ENETUNREACH')]), at).code).toBe(
    'transport/unreachable',
  );
  expect(socketError(new AggregateError([]), at).code).toBe('transport/closed');
});

test('nothing but codes of the platform gets into the details', () => {
  for (const cause of [undefined, null, 'x', system('evil\n'), { code: 5 }]) {
    expect(socketError(cause)).toMatchObject({ code: 'transport/closed', details: {} });
  }
  expect(socketError(undefined, { host: '::1', port: 1 }).message).toBe('connection was lost');
  expect(socketError(system('ECONNREFUSED'), { host: '::1', port: 1 }).message).toContain(
    '[::1]:1',
  );
});
