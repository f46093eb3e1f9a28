import type { Store, StoreChange } from '@dimp/core';
import { ByteReader, ByteWriter } from './bytes.ts';
import { TOKEN_RULES } from './tokens.ts';

/** Version of the records of an index. An index of another version is made again. */
const FORMAT = 3;
/** Most changes of one batch while an index is cleared. */
const CLEAR_BATCH = 1024;

/** What an index knows of itself. */
export interface StoredState {
  /** How far its writer has come; the writer's own text. */
  readonly position: string;
  /** Grows with each change, so that another program notices it. */
  readonly generation: number;
}

const KEY = ['i'] as const;

/** The change that stores a state. */
export function writeState({ position, generation }: StoredState): StoreChange {
  const writer = new ByteWriter().varint(FORMAT).varint(TOKEN_RULES);
  return { type: 'set', key: KEY, value: writer.varint(generation).text(position).finish() };
}

/**
 * Reads the state of an index.
 *
 * @returns undefined if there is none, or one of another version
 * @throws `store/corrupt`
 */
export async function readState(store: Pick<Store, 'get'>): Promise<StoredState | undefined> {
  const bytes = await store.get(KEY);
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.varint() !== FORMAT || reader.varint() !== TOKEN_RULES) return undefined;
  const generation = reader.varint();
  return { generation, position: reader.text() };
}

/** Removes all records of an index. */
export async function clearIndex(store: Store): Promise<void> {
  // Without the state, an interrupted removal leaves no index.
  await store.delete(KEY);
  let changes: StoreChange[] = [];
  for await (const [key] of store.list([])) {
    changes.push({ type: 'delete', key });
    if (changes.length < CLEAR_BATCH) continue;
    await store.batch(changes);
    changes = [];
  }
  await store.batch(changes);
}
