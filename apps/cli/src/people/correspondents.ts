import type { Store } from '@dimp/core';
import {
  isJsonObject,
  type JsonObject,
  ProtocolError,
  parseJson,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';

/** A person the user has exchanged messages with. */
export interface Correspondent {
  readonly id: ID;
  /** Time of the last message, in seconds since the epoch, by the clock of this machine. */
  readonly last: number;
}

const ROOT = 'correspondents';
/** Limit for the stored people. A stranger can write with any number of identities, so the oldest are removed. */
const MAX_PEOPLE = 1000;
/** A message within this time of the last one is not stored. */
const PRECISION_SECONDS = 60;

/** The people a user has exchanged messages with, in the store of a profile. */
export class Correspondents {
  readonly #store: Store;
  #known: Map<EntityKey, Correspondent> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Records a message from or to a person. */
  async note(id: ID): Promise<void> {
    if (id.isBroadcast) return;
    const known = await this.#load();
    const now = Math.floor(Date.now() / 1000);
    const before = known.get(id.entity);
    if (before !== undefined && Math.abs(now - before.last) < PRECISION_SECONDS) return;
    // Without the terminal, which is not part of the identity.
    known.set(id.entity, { id: protocol.parseID(id.entity), last: now });
    const wire: JsonObject = { id: id.entity, last: now };
    const surplus = [...known.values()]
      .sort((a, b) => a.last - b.last)
      .slice(0, Math.max(0, known.size - MAX_PEOPLE));
    for (const each of surplus) known.delete(each.id.entity);
    await this.#store.batch([
      { type: 'set', key: [ROOT, id.entity], value: utf8Encode(stringifyJson(wire)) },
      ...surplus.map((each) => ({ type: 'delete' as const, key: [ROOT, each.id.entity] })),
    ]);
  }

  /** All of them, the most recent first. @throws `store/corrupt` */
  async all(): Promise<readonly Correspondent[]> {
    return [...(await this.#load()).values()].sort((a, b) => b.last - a.last);
  }

  async #load(): Promise<Map<EntityKey, Correspondent>> {
    if (this.#known !== undefined) return this.#known;
    const known = new Map<EntityKey, Correspondent>();
    for await (const [, bytes] of this.#store.list([ROOT])) {
      const each = readCorrespondent(bytes);
      known.set(each.id.entity, each);
    }
    this.#known = known;
    return known;
  }
}

function readCorrespondent(bytes: Uint8Array): Correspondent {
  try {
    const wire = parseJson(bytes);
    if (!isJsonObject(wire)) throw new TypeError('not an object');
    return { id: protocol.parseID(wire['id']), last: Number(wire['last']) };
  } catch {
    throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
      details: { what: 'correspondent' },
    });
  }
}
