import { type Logger, type Store, withLock } from '@dimp/core';
import { encodeRecord } from '@dimp/endpoint';
import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { readRecord } from './record.ts';

/** How a device of a user is woken by a push service (spec §9.8). */
export interface PushToken {
  /** `apns`, `c2dm`: whose token it is. */
  readonly service: string;
  /** The token itself. Who has it can send notifications to the device, so it is kept like a secret. */
  readonly token: string;
  /** All that the client reported of the device. */
  readonly device: JsonObject;
}

/** Devices of a user whose tokens are kept; the oldest has to go for one more. */
const MAX_DEVICES = 8;
/** Longest report of a device, in UTF-16 code units of its JSON. */
const MAX_REPORT = 4096;

const AREA = 'push';

/**
 * Reads what a client reports of its device.
 *
 * @returns undefined if there is no token in it, or too much of it
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

/** Tokens of the devices of users, on disk: a few of each user. */
export class PushTokens {
  readonly #store: Store;
  readonly #logger: Logger;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Tokens of a user, newest first. */
  async of(user: ID): Promise<readonly PushToken[]> {
    const bytes = await this.#store.get([AREA, user.entity]);
    if (bytes === undefined) return [];
    // Clients report their tokens again and again.
    return readRecord(bytes, AREA, decode, this.#logger) ?? [];
  }

  /** Keeps a token; one that is there already becomes the newest. */
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

  /** Forgets a token that the push service does not know any more. */
  async remove(user: ID, token: string): Promise<void> {
    await withLock(this.#store, `${AREA} ${user.entity}`, async () => {
      const tokens = (await this.of(user)).filter((each) => each.token !== token);
      const record = { tokens: tokens.map((each) => ({ ...each })) };
      await this.#store.set([AREA, user.entity], encodeRecord(record));
    });
  }

  /** Forgets all tokens of a user. */
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
