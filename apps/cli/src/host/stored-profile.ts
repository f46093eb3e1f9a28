import type { JsonObject } from '@dimp/foundation';
import { cardOf } from '../account/card.ts';
import { type Profile, userOf } from '../account/profile.ts';
import { protocol } from '../account/protocol.ts';
import { identityFacts } from '../account/show-identity.ts';
import {
  addStation,
  parseStation,
  placeOfRecord,
  readStations,
  recordOf,
  removeStation,
  type StationRecord,
} from '../account/stations.ts';
import { StoredPeople } from '../people/stored-people.ts';
import type { ProfileCalls } from './profile-calls.ts';

/** A profile that this process has open. */
export class StoredProfile extends StoredPeople implements ProfileCalls {
  #profile: Profile;

  /** @throws `identity/not-found` for a profile without an identity */
  static async of(profile: Profile): Promise<StoredProfile> {
    return new StoredProfile(profile, (await userOf(profile)).id);
  }

  private constructor(profile: Profile, user: Awaited<ReturnType<typeof userOf>>['id']) {
    super(profile, user);
    this.#profile = profile;
  }

  override use(facebook: Profile['facebook']): void {
    super.use(facebook);
    this.#profile = { ...this.#profile, facebook };
  }

  async user(): Promise<string> {
    return (await userOf(this.#profile)).id.text;
  }

  async identity(): Promise<JsonObject> {
    return identityFacts(this.#profile, await userOf(this.#profile));
  }

  async card(): Promise<JsonObject> {
    return cardOf(this.#profile.facebook, (await userOf(this.#profile)).id);
  }

  async saveCard(id: string, meta: JsonObject, visa: JsonObject | undefined): Promise<void> {
    const { facebook } = this.#profile;
    const person = protocol.parseID(id);
    await facebook.saveMeta(meta, person);
    if (visa !== undefined) await facebook.saveDocument(visa, person);
  }

  async stations(): Promise<readonly StationRecord[]> {
    return (await readStations(this.#profile.store)).map(recordOf);
  }

  addStation(station: StationRecord): Promise<void> {
    return addStation(this.#profile.store, placeOfRecord(station));
  }

  removeStation(url: string): Promise<boolean> {
    return removeStation(this.#profile.store, parseStation(url));
  }
}
