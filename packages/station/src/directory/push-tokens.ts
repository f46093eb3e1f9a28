import { type Logger, type Store, withLock } from '@dimp/core';
import { encodeRecord } from '@dimp/endpoint';
import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { readRecord } from './record.ts';

/** A token with which a push service wakes a device of a user (spec §9.8). */
export interface PushToken {
  /** The push service: `apns` or `c2dm`. */
  readonly service: string;
  /** The token. Its owner can send notifications to the device, so it is treated as a secret. */
  readonly token: string;
  /** The report of the client. */
  readonly device: JsonObject;
}

/** Most devices of a user; one more replaces the oldest. */
const MAX_DEVICES = 8;
/** Longest report of a device, in UTF-16 code units of its JSON. */
const MAX_REPORT = 4096;

const AREA = 'push';

/**
 * Reads the report of a client about its device.
 *
 * @returns undefined for a report without a token, or one that is too long
 */
export function readPushToken(service: string, report: JsonObject): PushToken | undefined {
  const inner = ownMember(report, 'device');
  const device = isJsonObject(inner) ? inner : {};
  const token =
    ownMember(report, 'device_token') ?? ownMember(report, 'token') ?? ownMember(device, 'token');
  if (typeof token !== 'string' || token === '') return undefined;
  if (JSON.stringify(report).length > MAX_REPORT) return undefined;
  return { service, token, device: report };
}

/** The stored push tokens of users: a few for each. */
export class PushTokens {
  readonly #store: Store;
  readonly #logger: Logger;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** The tokens of a user, newest first. */
  async of(user: ID): Promise<readonly PushToken[]> {
    const bytes = await this.#store.get([AREA, user.entity]);
    if (bytes === undefined) return [];
    // A damaged record counts as none: clients report their tokens again and again.
    return readRecord(bytes, AREA, decode, this.#logger) ?? [];
  }

  /** Stores a token; a known one becomes the newest. */
  async save(user: ID, token: PushToken): Promise<void> {
    await withLock(this.#store, `${AREA} ${user.entity}`, async () => {
      const others = (await this.of(user)).filter(
        (each) => each.token !== token.token || each.service !== token.service,
      );
      const tokens = [token, ...others].slice(0, MAX_DEVICES);
      const record = { tokens: tokens.map((each) => ({ ...each })) };
      await this.#store.set([AREA, user.entity], encodeRecord(record));
    });
  }

  /** Deletes a token that the push service no longer accepts. */
  async remove(user: ID, token: string): Promise<void> {
    await withLock(this.#store, `${AREA} ${user.entity}`, async () => {
      const tokens = (await this.of(user)).filter((each) => each.token !== token);
      const record = { tokens: tokens.map((each) => ({ ...each })) };
      await this.#store.set([AREA, user.entity], encodeRecord(record));
    });
  }

  /** Deletes all tokens of a user. */
  async removeAll(user: ID): Promise<void> {
    await withLock(this.#store, `${AREA} ${user.entity}`, async () => {
      await this.#store.delete([AREA, user.entity]);
    });
  }
}

function decode(record: JsonObject): readonly PushToken[] | undefined {
  const tokens = ownMember(record, 'tokens');
  if (!Array.isArray(tokens)) return undefined;
  const read = (tokens as readonly JsonObject[]).map((each) => {
    const [service, token, device] = ['service', 'token', 'device'].map((name) =>
      ownMember(each, name),
    );
    if (typeof service !== 'string' || typeof token !== 'string') return undefined;
    return isJsonObject(device) ? { service, token, device } : undefined;
  });
  return read.every((each) => each !== undefined) ? read : undefined;
}
