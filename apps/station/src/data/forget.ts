import type { JsonObject } from '@dimp/foundation';
import type { Station } from '@dimp/station';
import { protocol } from '../config/protocol.ts';

/**
 * Removes what a station keeps of somebody.
 *
 * @param text - their ID
 * @returns `known`, whether the directory knew them, and how many `messages` were removed
 * @throws `format/` codes for what is no ID, and for the station itself; `store/` codes
 */
export async function forget(station: Station, text: unknown): Promise<JsonObject> {
  return { ...(await station.forget(protocol.parseID(text))) };
}
