import type { ID } from '@dimp/mkm';
import type { Profile } from '../account/profile.ts';
import { protocol } from '../account/protocol.ts';
import { People } from '../people/people.ts';
import type { Context } from '../terminal/context.ts';
import type { Host, Messaging, MessagingOptions } from './host.ts';
import type { StartedMessaging } from './start-messaging.ts';
import { StoredProfile } from './stored-profile.ts';

/** A profile that this process has open. */
export class LocalHost implements Host {
  readonly name: string;
  readonly user: ID;
  readonly people: People;
  readonly profile: StoredProfile;
  readonly pid = undefined;
  readonly lost: AbortSignal = new AbortController().signal;
  readonly #opened: Profile;
  readonly #context: Context;
  #messaging: StartedMessaging | undefined;

  /** @throws `identity/not-found` for a profile without an identity */
  static async of(opened: Profile, context: Context): Promise<LocalHost> {
    try {
      const profile = await StoredProfile.of(opened);
      return new LocalHost(opened, profile, protocol.parseID(await profile.user()), context);
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(opened: Profile, profile: StoredProfile, user: ID, context: Context) {
    this.name = opened.name;
    this.user = user;
    this.profile = profile;
    this.people = new People(profile, user);
    this.#opened = opened;
    this.#context = context;
  }

  async messaging(options: MessagingOptions): Promise<Messaging> {
    // Loaded here, because most commands need no messenger.
    const { startMessaging } = await import('./start-messaging.ts');
    const messaging = await startMessaging(this.#opened, this.profile, options, this.#context);
    this.#messaging = messaging;
    return messaging;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#messaging?.[Symbol.asyncDispose]();
    } finally {
      await this.#opened[Symbol.asyncDispose]();
    }
  }
}
