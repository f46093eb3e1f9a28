import type { JsonObject } from '@dimp/foundation';
import type { Station } from '@dimp/station';
import { protocol } from '../config/protocol.ts';

/**
 * Removes everything that a station keeps about a user or group.
 *
 * @param text - the ID
 * @returns `known`, whether the directory had an entry, and `messages`, how many were removed
 * @throws `format/` codes for an invalid ID, and for that of the station itself; `store/` codes
 */
export async function forget(station: Station, text: unknown): Promise<JsonObject> {
  return { ...(await station.forget(protocol.parseID(text))) };
}
