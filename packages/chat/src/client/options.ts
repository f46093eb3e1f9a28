import type {
  MessengerOptions,
  MessengerService,
  RegisterOptions,
  SendPackage,
} from '@dimp/client';
import type { StationAddress, StationSessionOptions } from '@dimp/client/session';
import type { Clock, Extension, Protocol, Random, Store, Timers } from '@dimp/core';
import type { Handle } from '@dimp/foundation';
import type { ChatsOptions } from '../conversations/chats.ts';
import type { StorageState } from './dim-client.ts';

/** Options for `openClient`. */
export interface OpenClientOptions {
  /** Where everything is kept. The caller closes it; a {@link LockableStore} is closed by the client. */
  readonly store: Store | LockableStore;
  /** The plug-ins of the protocol, such as `standard()` and `chat()`. `chat()` is needed. */
  readonly extensions: readonly Extension[];
  /** Where to log in. Without stations and without a network the client stays offline. */
  readonly stations?: readonly StationAddress[];
  /** Instead of stations: a network that carries packages from program to program. */
  readonly network?: DirectNetwork;
  /** Name of a new user, or how they are registered, if the store has none yet. */
  readonly user?: string | NewUser;
  /** More options of the session with the station. */
  readonly session?: Pick<StationSessionOptions<Protocol>, 'agent' | 'device' | 'trustNewStation'>;
  /** More options of the messenger. */
  readonly messenger?: Omit<
    MessengerOptions<Protocol>,
    'facebook' | 'services' | 'sendPackage' | 'timers' | 'random'
  >;
  /** More options of the conversations: how long they are kept, who sees read marks, where files come from. */
  readonly chats?: Omit<ChatsOptions, 'facebook' | 'user' | 'timers' | 'random'>;
  /** More services of the messenger, after those of the client. */
  readonly services?: readonly MessengerService[];
  /** Measures the storage; by default `navigator.storage`, where the platform has it. */
  readonly storage?: () => Promise<StorageState>;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
}

/** How a new user is registered. */
export interface NewUser extends Omit<RegisterOptions, 'facebook'> {
  readonly name: string;
}

/** A store that a client can close and open again, because it is encrypted with a passphrase. */
export interface LockableStore {
  /**
   * Opens the store.
   *
   * @throws `crypto/passphrase`
   *
   * @example
   * ```ts
   * const unlock = async (passphrase: string) => encryptedStore(await lmdbStore({ path }), { passphrase });
   * ```
   */
  unlock(passphrase: string): Promise<Store>;
  /** Opens it at once. Without a passphrase the client begins locked. */
  readonly passphrase?: string;
}

/** A network without stations, such as a simulated one. */
export interface DirectNetwork {
  readonly send: SendPackage;
  /** Whether it can be reached. */
  readonly online: boolean;
  /** Calls a listener when {@link online} has changed. */
  onChange(listener: () => void): Handle;
  /**
   * Hands over what arrives for the user.
   *
   * @param receive - takes a package in, and returns packages to send back
   */
  join(receive: (bytes: Uint8Array) => Promise<readonly Uint8Array[]>): Handle;
}
