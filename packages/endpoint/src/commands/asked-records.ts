import type { Clock, Store } from '@dimp/core';
import type { Json, JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { decodeRecordObject, encodeRecord } from '../record.ts';

/** What the network can be asked for. */
export type Question = 'meta' | 'documents';

/** Times of the last queries in milliseconds since the epoch: for each kind, and for any kind. */
type Times = Readonly<Partial<Record<Question | 'noted', number>>>;

/** Maximum number of entities, because strangers can cause any number of queries. */
const MAX_ENTITIES = 4096;

const AREA = 'asked';

/**
 * Times of the queries for each entity. They are stored, so that a program that runs often and briefly asks no more often than
 * one that runs all the time (spec §11.4), and accepts the answer to a query of an earlier run.
 */
export class AskedRecords {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Number of entities that fit before they have to be counted. */
  #room = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Whether anything about an entity was asked. */
  async has(id: ID): Promise<boolean> {
    return (await this.#store.get([AREA, id.entity])) !== undefined;
  }

  /** Returns the time of the last query in milliseconds since the epoch; undefined for a time in the future. */
  async last(id: ID, question: Question): Promise<number | undefined> {
    const time = (await this.#read(id))[question];
    // If the clock was set back, queries must not stop for ever.
    return time !== undefined && time <= this.#clock.now() ? time : undefined;
  }

  /** Records a query now. */
  async note(id: ID, question: Question): Promise<void> {
    const times = await this.#read(id);
    if (times.noted === undefined) await this.#makeRoom();
    const now = this.#clock.now();
    const record = encodeRecord({ ...times, [question]: now, noted: now });
    await this.#store.set([AREA, id.entity], record);
  }

  /** Removes a query that could not be sent. */
  async forget(id: ID, question: Question): Promise<void> {
    const { [question]: _, ...times } = await this.#read(id);
    await this.#store.set([AREA, id.entity], encodeRecord(times));
  }

  async #read(id: ID): Promise<Times> {
    const bytes = await this.#store.get([AREA, id.entity]);
    return bytes === undefined ? {} : decode(bytes);
  }

  /** Drops the older half if there are too many. */
  async #makeRoom(): Promise<void> {
    if (this.#room > 0) {
      this.#room -= 1;
      return;
    }
    const records: { readonly entity: string; readonly noted: number }[] = [];
    for await (const [[, entity = ''], bytes] of this.#store.list([AREA])) {
      records.push({ entity, noted: decode(bytes).noted ?? 0 });
    }
    const surplus = records.length < MAX_ENTITIES ? 0 : records.length - MAX_ENTITIES / 2;
    const oldest = records.sort((a, b) => a.noted - b.noted).slice(0, surplus);
    if (oldest.length > 0) {
      await this.#store.batch(
        oldest.map(({ entity }) => ({ type: 'delete', key: [AREA, entity] as const })),
      );
    }
    this.#room = MAX_ENTITIES - (records.length - surplus) - 1;
  }
}

/** Treats a damaged record as absent, which costs one extra query. */
function decode(bytes: Uint8Array): Times {
  let record: JsonObject;
  try {
    record = decodeRecordObject(bytes, 'question');
  } catch {
    return {};
  }
  const { meta, documents, noted } = record;
  return { ...time('meta', meta), ...time('documents', documents), ...time('noted', noted) };
}

function time(name: keyof Times, value: Json | undefined): Times {
  return typeof value === 'number' ? { [name]: value } : {};
}
