import type { Protocol } from '@dimp/core';
import { corruptRecord, decodePart, decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import { definedOnly, ownMember } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Where the user stands in a group. */
export type Standing = 'active' | 'invited' | 'left' | 'removed';

/** What is known of a group besides its entries. */
export interface GroupRecord {
  readonly id: ID;
  readonly standing: Standing;
  /** Since when, in milliseconds since the epoch. */
  readonly since: number;
  /** The peer who has told the user of the group. */
  readonly from?: ID;
  /** Another one after each change, so that a copy in memory can be compared with the store. */
  readonly revision?: string;
}

const STANDINGS: readonly Standing[] = ['active', 'invited', 'left', 'removed'];

export function encodeGroup({ id, standing, since, from, revision }: GroupRecord): Uint8Array {
  const more = definedOnly({ from: from?.text, revision });
  return encodeRecord({ id: id.text, standing, since, ...more });
}

/** @throws `store/corrupt` */
export function decodeGroup(bytes: Uint8Array, { parseID }: Protocol): GroupRecord {
  const record = decodeRecordObject(bytes, 'group');
  const standing = STANDINGS.find((each) => each === ownMember(record, 'standing'));
  const since = ownMember(record, 'since');
  if (standing === undefined || typeof since !== 'number') throw corruptRecord('group');
  return decodePart('group', () => {
    const from = ownMember(record, 'from');
    const revision = ownMember(record, 'revision');
    return {
      id: parseID(ownMember(record, 'id')),
      standing,
      since,
      ...definedOnly({
        from: from === undefined ? undefined : parseID(from),
        revision: typeof revision === 'string' ? revision : undefined,
      }),
    };
  });
}
