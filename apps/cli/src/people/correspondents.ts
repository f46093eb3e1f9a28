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

/** Somebody who wrote to the user, or whom the user wrote to. */
export interface Correspondent {
  readonly id: ID;
  /** When the last message came or went, in seconds since the epoch, by the clock of this machine. */
  readonly last: number;
}

const ROOT = 'correspondents';
/** Most people that are remembered; anybody can write from any number of identities, so the oldest go. */
const MAX_PEOPLE = 1000;
/** Seconds within which a later message is not written down. */
const PRECISION = 60;

/** Who wrote and was written to, in the store of a profile. */
export class Correspondents {
  readonly #store: Store;
  #known: Map<EntityKey, Correspondent> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Remembers that a message came from somebody, or went there. */
  async note(id: ID): Promise<void> {
    if (id.isBroadcast) return;
    const known = await this.#load();
    const now = Math.floor(Date.now() / 1000);
    const before = known.get(id.entity);
    if (before !== undefined && Math.abs(now - before.last) < PRECISION) return;
    // Without the label of a device, which is no part of the identity.
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

  /** All of them, who wrote last first. @throws `store/corrupt` */
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
