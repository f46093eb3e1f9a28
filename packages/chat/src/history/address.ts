import { corruptRecord, decodeRecordObject } from '@dimp/endpoint';
import type { JsonObject } from '@dimp/foundation';

/** Where a message is, or until when it is remembered that it is gone, in milliseconds since the epoch. */
export type Address =
  | { readonly page: string; readonly key: string; readonly gone?: undefined }
  | { readonly gone: number; readonly page?: undefined; readonly key?: undefined };

/** Decodes a stored address. @throws `store/corrupt` */
export function decodeAddress(bytes: Uint8Array): Address {
  const { page, key, gone } = decodeRecordObject(bytes, 'address');
  if (typeof gone === 'number') return { gone };
  if (typeof page !== 'string' || typeof key !== 'string') throw corruptRecord('address');
  return { page, key };
}

/** Writes an address as JSON. */
export function addressToJson({ page, key, gone }: Address): JsonObject {
  return gone === undefined ? { page, key } : { gone };
}
