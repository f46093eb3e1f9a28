import type { Clock, Store } from '@dimp/core';
import type { Json, JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { decodeRecordObject, encodeRecord } from '../record.ts';

/** What can be asked for. */
export type Question = 'meta' | 'documents';

/** When each was asked, and when anything was asked last, in milliseconds since the epoch. */
type Times = Readonly<Partial<Record<Question | 'noted', number>>>;

/** Entities that are remembered at most; strangers can make us ask for any number. */
const MAX_ENTITIES = 4096;

const AREA = 'asked';

/**
 * When we asked the network for something of an entity. It is kept in the store: a program that runs often and for a short
 * time asks no more often than one that runs all the time (spec §11.4), and takes the answer to a question of an earlier
 * run.
 */
export class AskedRecords {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Entities that fit in before somebody has to look how many there are. */
  #room = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Whether we have asked for something of an entity. */
  async has(id: ID): Promise<boolean> {
    return (await this.#store.get([AREA, id.entity])) !== undefined;
  }

  /** When we asked last, in milliseconds since the epoch; undefined as well for a time that has not come yet. */
  async last(id: ID, question: Question): Promise<number | undefined> {
    const time = (await this.#read(id))[question];
    // A clock that was set back must not stop questions for ever.
    return time !== undefined && time <= this.#clock.now() ? time : undefined;
  }

  /** Notes that we ask now. */
  async note(id: ID, question: Question): Promise<void> {
    const times = await this.#read(id);
    if (times.noted === undefined) await this.#makeRoom();
    const now = this.#clock.now();
    const record = encodeRecord({ ...times, [question]: now, noted: now });
    await this.#store.set([AREA, id.entity], record);
  }

  /** The question could not be asked after all. */
  async forget(id: ID, question: Question): Promise<void> {
    const { [question]: _, ...times } = await this.#read(id);
    await this.#store.set([AREA, id.entity], encodeRecord(times));
  }

  async #read(id: ID): Promise<Times> {
    const bytes = await this.#store.get([AREA, id.entity]);
    return bytes === undefined ? {} : decode(bytes);
  }

  /** Drops the older half when there are too many. */
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

/** A damaged record is none: it costs one question too many, and is written anew. */
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
