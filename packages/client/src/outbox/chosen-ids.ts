import type { Clock, Store, StoreChange, StoreKey } from '@dimp/core';
import { corruptRecord, decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { fieldError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { OutboxRecord } from './outbox-store.ts';

/** A message that was sent under an ID that the application has chosen. */
export interface ChosenID {
  /** Its place in the outbox. */
  readonly order: string;
  /** Receiver, as text. */
  readonly receiver: string;
  readonly sn: number;
  /** Seconds since the epoch. */
  readonly time: number;
  /** When it was sent, in milliseconds since the epoch. */
  readonly created: number;
}

const AREA = 'outbox-id';
const WHAT = 'ID of an outgoing message';
/** How long an ID is remembered: 30 days. */
const RETENTION_MS = 30 * 24 * 60 * 60_000;

/**
 * Remembers the IDs that applications have chosen for messages, so that a call of `send` that is repeated after a crash does
 * not send a second message.
 */
export class ChosenIDs {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async get(sender: ID, id: string): Promise<ChosenID | undefined> {
    const bytes = await this.#store.get(keyOf(sender, id));
    return bytes === undefined ? undefined : decode(bytes);
  }

  /** The change that remembers the ID of a new message, if the application has chosen it. */
  changes({ id, order, sender, receiver, content, created }: OutboxRecord): readonly StoreChange[] {
    if (id === order) return [];
    const { sn = 0, time = 0 } = content;
    const value = encodeRecord({ order, receiver: receiver.text, sn, time, created });
    return [{ type: 'set', key: keyOf(sender, id), value }];
  }

  /** The change that forgets the ID of a message that the user has taken back. */
  removal({ id, order, sender }: OutboxRecord): readonly StoreChange[] {
    return id === order ? [] : [{ type: 'delete', key: keyOf(sender, id) }];
  }

  /** Forgets old IDs. */
  async purge(): Promise<void> {
    const oldest = this.#clock.now() - RETENTION_MS;
    for await (const [key, bytes] of this.#store.list([AREA])) {
      if (decode(bytes).created < oldest) await this.#store.delete(key);
    }
  }
}

/**
 * Checks an ID that an application has chosen.
 *
 * @throws `format/field`
 */
export function checkChosenID(id: string): void {
  if (/^[\w.~:-]{1,64}$/.test(id)) return;
  throw fieldError('id', 'must be 1 to 64 letters, digits or characters of _ . ~ : -');
}

function keyOf(sender: ID, id: string): StoreKey {
  return [AREA, sender.entity, id];
}

/** @throws `store/corrupt` */
function decode(bytes: Uint8Array): ChosenID {
  const { order, receiver, sn, time, created } = decodeRecordObject(bytes, WHAT);
  if (
    typeof order !== 'string' ||
    typeof receiver !== 'string' ||
    typeof sn !== 'number' ||
    typeof time !== 'number' ||
    typeof created !== 'number'
  ) {
    throw corruptRecord(WHAT);
  }
  return { order, receiver, sn, time, created };
}
