import type { Store, StoreKey } from '@dimp/core';
import { encodeHex, equalBytes, isProtocolError, randomBytes } from '@dimp/foundation';
import { assert } from './assert.ts';

/** Opens the store with a name. Another name is another store, empty at first. */
export type OpenStore = (name: string) => Store | Promise<Store>;

/** Runs a part of the suite on a store that is empty, and closes it. */
export type WithStore = (run: (store: Store, name: string) => Promise<void>) => () => Promise<void>;

/** {@link WithStore} for one way of opening. */
export function withStore(open: OpenStore): WithStore {
  return (run) => async () => {
    const name = freshName();
    const store = await open(name);
    try {
      await run(store, name);
    } finally {
      await store.close();
    }
  };
}

/** A name of letters that no store had before. */
export function freshName(): string {
  return `compliance-${encodeHex(randomBytes(8))}`;
}

/** Bytes that are different for each list of numbers. */
export function bytesOf(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Everything below a path, in the order in which it is listed. */
export async function listed(
  store: Store,
  prefix: StoreKey,
): Promise<(readonly [key: StoreKey, value: Uint8Array])[]> {
  const entries: (readonly [key: StoreKey, value: Uint8Array])[] = [];
  for await (const entry of store.list(prefix)) entries.push(entry);
  return entries;
}

/** The paths of {@link listed} as text, to compare them. */
export async function listedKeys(store: Store, prefix: StoreKey): Promise<string> {
  return keysText((await listed(store, prefix)).map(([key]) => key));
}

export function keysText(keys: readonly StoreKey[]): string {
  return JSON.stringify(keys);
}

export async function assertValue(
  store: Store,
  key: StoreKey,
  value: Uint8Array | undefined,
  message: string,
): Promise<void> {
  const found = await store.get(key);
  if (value === undefined) assert(found === undefined, message);
  else assert(found !== undefined && equalBytes(found, value), message);
}

/** Asserts that a call is refused as misuse, or with a code. */
export async function assertRefused(
  what: string,
  run: () => unknown,
  expected: 'TypeError' | 'RangeError' | 'format/bytes',
): Promise<void> {
  let got = 'nothing';
  try {
    await run();
  } catch (error) {
    got = isProtocolError(error) ? error.code : error instanceof Error ? error.name : 'no error';
  }
  assert(got === expected, `${what} must be refused with ${expected}, got: ${got}`);
}

/** Paths in the order of lists. Comparing UTF-8, or joined parts, would give another order. */
export const ORDERED_KEYS: readonly StoreKey[] = [
  ['\u0001'],
  [' '],
  [' ', ' '],
  ['"', '\\'],
  ['/', '..'],
  ['A'],
  ['a'],
  ['a', '\u0001'],
  ['a', 'b'],
  ['a', 'b', 'c'],
  ['a', 'é'],
  ['a', '🐢'],
  ['a\u0001'],
  ['a!'],
  ['ab'],
  ['b', 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj', 'phone/1'],
  ['e\u0301'],
  ['é'],
  ['ÿ'],
  ['日本語'],
  ['\ud7ff'],
  ['𐀀'],
  ['🐢', 'x'],
  ['\u{10ffff}'],
  ['\ue000'],
  ['\uffff', 'x'],
];
