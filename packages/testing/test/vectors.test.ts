import { type VectorCase, VectorRunner } from '@dimp/testing/vectors';
import { chatOperations } from '@dimp/testing/vectors/chat';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accounts, vectorFiles } from './vector-files.ts';

const runner = new VectorRunner(accounts, chatOperations);
const ran = new Set<string>();

describe.each([...vectorFiles])('%s', (_path, file) => {
  test.each(file.cases.map((each) => [each.id, each] as const))('%s', async (_id, vector) => {
    ran.add(vector.id);
    expect(await runner.run(vector)).toEqual({ id: vector.id, passed: true });
  });
});

test('every case of every file was run', () => {
  const cases = [...vectorFiles.values()].flatMap((file) => file.cases);
  expect(cases.length).toBeGreaterThan(1400);
  expect(ran).toEqual(new Set(cases.map((each) => each.id)));
});

describe('the runner notices', () => {
  const example = [...vectorFiles.values()].flatMap((file) => file.cases);
  const find = (id: string): VectorCase => {
    const found = example.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no case ${id}`);
    return found;
  };
  const judge = async (vector: VectorCase): Promise<boolean> => (await runner.run(vector)).passed;
  let valid: VectorCase;
  let invalid: VectorCase;
  beforeAll(() => {
    valid = find('emit-text');
    invalid = find('bad-open-plain-key');
  });
  afterAll(() => expect(ran.size).toBeGreaterThan(0));

  test('a result that differs', async () => {
    expect(await judge({ ...valid, expect: { wire: { text: 'something else' } } })).toBe(false);
  });
  test('an error where a result is expected', async () => {
    const { error: _, ...rest } = invalid;
    expect(await judge({ ...rest, expect: { broadcast: false } })).toBe(false);
  });
  test('another error code than the expected one', async () => {
    expect(await judge({ ...invalid, error: 'crypto/signature' })).toBe(false);
  });
  test('a result where an error is expected', async () => {
    const { expect: _, ...rest } = valid;
    expect(await judge({ ...rest, error: 'format/json' })).toBe(false);
  });
  test('an operation it does not know', async () => {
    expect(await judge({ ...valid, input: { op: 'tea.make' } })).toBe(false);
  });
  test('members of a reading that were not expected', async () => {
    const reading = find('dkd-handshake-start');
    expect(await judge({ ...reading, expect: { ...reading.expect, fields: {} } })).toBe(false);
  });
});
