import type { Facebook, Messenger } from '@dimp/client';
import { waiting } from '@dimp/core';
import type { ID } from '@dimp/mkm';
import { deadline } from '../terminal/deadline.ts';

/** Seconds to wait for an identity from the station by default. */
export const IDENTITY_TIMEOUT = 5;

/**
 * Asks the station for the visas of all receivers of a message, and waits for them. The visas say what the programs of the
 * receivers can read, such as file formats.
 *
 * @param seconds - how long to wait
 * @returns whether all visas are known
 * @throws the reason of the signal
 */
export async function receiverVisas(
  receiver: ID,
  messenger: Pick<Messenger, 'facebook' | 'ask'>,
  seconds: number,
  signal?: AbortSignal,
): Promise<boolean> {
  if (receiver.isBroadcast) return true;
  const { facebook } = messenger;
  const missing = async (): Promise<ID | undefined> => {
    const readers = receiver.isGroup ? await facebook.members(receiver) : [receiver];
    for (const reader of readers) {
      if ((await facebook.document(reader)) === undefined) return reader;
    }
    return undefined;
  };
  const limit = deadline(seconds);
  const end = AbortSignal.any(signal === undefined ? [limit] : [limit, signal]);
  for (;;) {
    // Listen before asking, because the answer may arrive at once.
    using arrival = new Arrival(facebook, end);
    const waitedFor = await missing();
    if (waitedFor === undefined) return true;
    await messenger.ask(waiting('visa', waitedFor));
    await arrival.promise;
    signal?.throwIfAborted();
    if (limit.aborted) return (await missing()) === undefined;
  }
}

/** Resolves with the next stored document, or when the wait ends. */
class Arrival implements Disposable {
  readonly promise: Promise<void>;
  #stop = (): void => {};

  constructor(facebook: Facebook, end: AbortSignal) {
    this.promise = new Promise((resolve) => {
      const done = (): void => resolve();
      const saved = facebook.events.on('documentSaved', done);
      if (end.aborted) done();
      end.addEventListener('abort', done, { once: true });
      this.#stop = () => {
        saved[Symbol.dispose]();
        end.removeEventListener('abort', done);
      };
    });
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
