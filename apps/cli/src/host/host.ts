import type { DimClient } from '@dimp/chat/client';
import type { ID } from '@dimp/mkm';
import type { People } from '../people/people.ts';
import type { HostEvent, MessagingCalls } from './messaging-calls.ts';
import type { ProfileCalls } from './profile-calls.ts';

/** A profile as commands use it: this process has it open, or another one that serves it. */
export interface Host extends AsyncDisposable {
  /** Name of the profile. */
  readonly name: string;
  readonly user: ID;
  readonly people: People;
  readonly profile: ProfileCalls;
  /** ID of the other process that has the profile open; undefined if it is this one. */
  readonly pid: number | undefined;
  /** Aborted when the other process has ended, before anything that was asked of it fails. */
  readonly lost: AbortSignal;
  /**
   * Starts the messenger.
   *
   * @param options - how it is used
   * @throws `no-station` if it is to be online and the profile has no station
   */
  messaging(options: MessagingOptions): Promise<Messaging>;
}

/** Options for {@link Host.messaging}. */
export interface MessagingOptions {
  /**
   * Whether to connect to a station, and to serve the profile to other processes. A command that only reads what is on this machine
   * takes a moment, and does neither.
   */
  readonly online: boolean;
  /** Called with everything that happens. */
  readonly onEvent: (event: HostEvent) => void;
}

/** The messenger of a profile. */
export interface Messaging {
  readonly client: DimClient;
  readonly calls: MessagingCalls;
}
