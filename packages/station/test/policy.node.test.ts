import type { Logger } from '@dimp/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PolicyMessage } from '../src/index.ts';
import { evaluatePolicy } from '../src/ingress/policy.ts';
import { newPerson } from './support/test-users.ts';

const CLOSED = { text: 'Message not accepted.', code: 'policy/unauthorized' };

async function setUp() {
  const { id } = await newPerson('moki');
  const envelope = { sender: id, receiver: id, time: 1 };
  const message: PolicyMessage = {
    envelope,
    size: 10,
    user: id,
    remote: undefined,
    neighbour: false,
  };
  const logged: string[] = [];
  const log = (event: string, details?: object) =>
    void logged.push(JSON.stringify([event, details]));
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  return { message, logger, logged };
}

test('a policy lets messages pass, or refuses them with a text and a code of its own', async () => {
  const { message, logger, logged } = await setUp();
  expect(evaluatePolicy(() => 'accept', message, logger)).toBeUndefined();
  expect(await evaluatePolicy(async () => 'accept' as const, message, logger)).toBeUndefined();
  expect(evaluatePolicy(() => ({ refuse: 'No.' }), message, logger)).toEqual({
    text: 'No.',
    code: 'policy/unauthorized',
  });
  const blocked = { refuse: 'x'.repeat(1000), code: 'policy/blocked' } as const;
  expect(await evaluatePolicy(async () => blocked, message, logger)).toEqual({
    text: 'x'.repeat(256),
    code: 'policy/blocked',
  });
  expect(
    evaluatePolicy((each) => (each === message ? 'accept' : { refuse: 'other' }), message, logger),
  ).toBeUndefined();
  expect(logged).toEqual([]);
});

test('a policy that fails refuses, and its error is logged without its text', async () => {
  const { message, logger, logged } = await setUp();
  const failures = [
    () => {
      throw new RangeError('secret');
    },
    () => Promise.reject(new RangeError('secret')),
  ];
  for (const policy of failures)
    expect(await evaluatePolicy(policy, message, logger)).toEqual(CLOSED);
  expect(logged).toEqual(new Array(2).fill('["policy failed",{"kind":"RangeError"}]'));
});

test('any other answer of a policy refuses the message with a known code', async () => {
  const { message, logger } = await setUp();
  await fc.assert(
    fc.asyncProperty(fc.anything(), async (answer) => {
      fc.pre(answer !== 'accept');
      const policy = () => answer as never;
      const refusal = await evaluatePolicy(policy, message, logger);
      expect(refusal?.text.length).toBeGreaterThan(0);
      expect(refusal?.code).toMatch(/^[a-z]+\/[a-z-]+$/);
    }),
  );
  // A code that says that the same message may be accepted later is not a refusal.
  for (const code of ['constructor', 'store/unavailable', 7, {}]) {
    const unknown = { refuse: 'No.', code } as never;
    expect(evaluatePolicy(() => unknown, message, logger)).toEqual({
      text: 'No.',
      code: 'policy/unauthorized',
    });
  }
});
