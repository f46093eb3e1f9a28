import { type Store, type StoreKey, withLock } from '@dimp/core';
import { corruptRecord, decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { definedOnly, isJsonObject, type JsonObject } from '@dimp/foundation';

/** How a contact was verified. */
export interface Verified {
  readonly how: 'number' | 'code';
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** What is stored of a contact besides their name. */
export interface ContactDetails {
  /** Fingerprint of the link that led to them. Another key is refused. */
  readonly fp?: string;
  /** Name in that link, to show until the visa is here. */
  readonly linkName?: string;
  /** Token of that link, until the first message was sent. */
  readonly token?: string;
  readonly verified?: Verified;
}

const AREA = 'contact-details';

/** Where the details of a contact are stored. @param user - entity of the user */
export function detailsPath(user: string, contact: string): StoreKey {
  return [AREA, user, contact];
}

/** @throws `store/corrupt` */
export async function readDetails(
  store: Pick<Store, 'get'>,
  user: string,
  contact: string,
): Promise<ContactDetails> {
  const bytes = await store.get(detailsPath(user, contact));
  return bytes === undefined ? {} : decode(bytes);
}

export function encodeDetails({ verified, ...texts }: ContactDetails): Uint8Array {
  return encodeRecord({
    ...texts,
    ...(verified === undefined ? {} : { verified: { ...verified } }),
  });
}

/** Name of the lock that is held while details of contacts are changed. @param user - entity */
export function detailsLock(user: string): string {
  return `${AREA} ${user}`;
}

/** Changes the details of a contact; undefined deletes them. */
export async function changeDetails(
  store: Store,
  user: string,
  contact: string,
  change: (details: ContactDetails) => ContactDetails | undefined,
): Promise<void> {
  await withLock(store, detailsLock(user), async () => {
    const next = change(await readDetails(store, user, contact));
    const path = detailsPath(user, contact);
    if (next === undefined || Object.keys(next).length === 0) await store.delete(path);
    else await store.set(path, encodeDetails(next));
  });
}

/** Whether a changed path is that of details. */
export function isDetailsPath(path: StoreKey): boolean {
  return path[0] === AREA || path.length === 0;
}

function decode(bytes: Uint8Array): ContactDetails {
  const record = decodeRecordObject(bytes, AREA);
  const { verified } = record;
  return definedOnly({
    fp: textIn(record, 'fp'),
    linkName: textIn(record, 'linkName'),
    token: textIn(record, 'token'),
    verified: verified === undefined ? undefined : decodeVerified(verified),
  });
}

function decodeVerified(value: unknown): Verified {
  const { how, time } = isJsonObject(value) ? value : {};
  if ((how !== 'number' && how !== 'code') || typeof time !== 'number') throw corruptRecord(AREA);
  return { how, time };
}

function textIn(record: JsonObject, name: string): string | undefined {
  const value = record[name];
  if (value !== undefined && typeof value !== 'string') throw corruptRecord(AREA);
  return value;
}
