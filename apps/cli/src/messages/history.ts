import type { Store } from '@dimp/core';
import {
  isJsonObject,
  type JsonObject,
  ProtocolError,
  parseJson,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** A sent or received message. */
export interface HistoryEntry {
  /** Identifies the message: one that arrives twice is stored once. */
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly sender: string;
  readonly kind: string;
  /** The text as it was shown. */
  readonly text: string;
  /** Seconds since the epoch. */
  readonly time: number;
}

/** Limit for the messages of one conversation. */
const MAX_ENTRIES = 1000;
/** Longest stored text, in UTF-16 units; the rest is cut off. */
const MAX_TEXT = 16_384;
const ROOT = 'history';
/** Digits of a position; milliseconds since the epoch have 13. */
const POSITION_DIGITS = 15;

/** Sent and received messages by conversation, in the encrypted store of a profile. */
export class History {
  readonly #store: Store;
  /** Positions of the entries of each loaded conversation, the oldest first. */
  readonly #places = new Map<string, string[]>();
  /** Positions by message ID. */
  readonly #names = new Map<string, Map<string, string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Stores a message, and removes the oldest one above the limit. @param peer - person or group */
  async add(peer: ID, entry: HistoryEntry): Promise<void> {
    const { places, names } = await this.#load(peer);
    if (names.has(entry.id)) return;
    const last = Number(places.at(-1) ?? 0);
    const place = String(Math.max(Date.now(), last + 1)).padStart(POSITION_DIGITS, '0');
    places.push(place);
    names.set(entry.id, place);
    const gone = places.splice(0, Math.max(0, places.length - MAX_ENTRIES));
    const wire: JsonObject = { ...entry, text: entry.text.slice(0, MAX_TEXT) };
    await this.#store.batch([
      { type: 'set', key: pathOf(peer, place), value: utf8Encode(stringifyJson(wire)) },
      ...gone.map((each) => ({ type: 'delete' as const, key: pathOf(peer, each) })),
    ]);
  }

  /** Returns the last messages of a conversation, the oldest first. @throws `store/corrupt` */
  async last(peer: ID, count: number): Promise<readonly HistoryEntry[]> {
    const entries: HistoryEntry[] = [];
    for await (const [, bytes] of this.#store.list([ROOT, peer.entity])) {
      entries.push(readEntry(bytes));
    }
    return count === 0 ? [] : entries.slice(-count);
  }

  async #load(
    peer: ID,
  ): Promise<{ readonly places: string[]; readonly names: Map<string, string> }> {
    const known = this.#places.get(peer.entity);
    const knownNames = this.#names.get(peer.entity);
    if (known !== undefined && knownNames !== undefined)
      return { places: known, names: knownNames };
    const places: string[] = [];
    const names = new Map<string, string>();
    for await (const [path, bytes] of this.#store.list([ROOT, peer.entity])) {
      const place = path.at(-1) ?? '';
      places.push(place);
      names.set(readEntry(bytes).id, place);
    }
    this.#places.set(peer.entity, places);
    this.#names.set(peer.entity, names);
    return { places, names };
  }
}

function pathOf(peer: ID, place: string): readonly string[] {
  return [ROOT, peer.entity, place];
}

function readEntry(bytes: Uint8Array): HistoryEntry {
  try {
    const wire = parseJson(bytes);
    if (!isJsonObject(wire)) throw new TypeError('not an object');
    const { id, direction, sender, kind, text, time } = wire;
    return {
      id: String(id),
      direction: direction === 'out' ? 'out' : 'in',
      sender: String(sender),
      kind: String(kind),
      text: String(text),
      time: Number(time),
    };
  } catch {
    throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
      details: { what: 'history' },
    });
  }
}
