import type { JsonObject } from '@dimp/foundation';
import type { StationRecord } from '../account/stations.ts';
import type { PeopleSource } from '../people/people-source.ts';

/** What commands ask of a profile, whether this process has it open or another one. All values are plain data. */
export interface ProfileCalls extends PeopleSource {
  /** ID of the user. */
  user(): Promise<string>;
  /** Facts of the identity, as `dim whoami` shows them. */
  identity(): Promise<JsonObject>;
  /** Meta and visa of the user, for others. */
  card(): Promise<JsonObject>;
  /**
   * Stores the meta and the visa of a person.
   *
   * @throws `identity/` codes for a card whose parts do not belong together
   */
  saveCard(id: string, meta: JsonObject, visa: JsonObject | undefined): Promise<void>;
  stations(): Promise<readonly StationRecord[]>;
  addStation(station: StationRecord): Promise<void>;
  /** @returns whether it was there */
  removeStation(url: string): Promise<boolean>;
}

/** Names of the calls that another process may make. */
export const PROFILE_CALLS = [
  'contacts',
  'correspondents',
  'nickname',
  'keys',
  'note',
  'addContact',
  'removeContact',
  'user',
  'identity',
  'card',
  'saveCard',
  'stations',
  'addStation',
  'removeStation',
] as const satisfies readonly (keyof ProfileCalls)[];
