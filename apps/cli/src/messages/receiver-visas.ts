import type { Facebook } from '@dimp/client';
import { waiting } from '@dimp/core';
import type { ID } from '@dimp/mkm';
import { deadline } from '../terminal/deadline.ts';
import type { Connection } from './connection.ts';

/** Seconds that a station gets to tell the identity of somebody, unless the caller is more patient. */
export const IDENTITY_TIMEOUT = 5;

/**
 * Asks the station for the visas of those who will read a message, and waits for them. Whatever depends on what their
 * programs can read, such as the format of a file, has to be decided afterwards.
 *
 * @param seconds - how long the station gets
 * @returns whether all visas are known now
 * @throws the reason of the signal
 */
export async function receiverVisas(
  receiver: ID,
  { messenger }: Connection,
  seconds: number,
  signal: AbortSignal,
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
  const end = AbortSignal.any([limit, signal]);
  for (;;) {
    // Listening begins before anything is asked: the answer may be here at once.
    using arrival = new Arrival(facebook, end);
    const waitedFor = await missing();
    if (waitedFor === undefined) return true;
    await messenger.ask(waiting('visa', waitedFor));
    await arrival.promise;
    signal.throwIfAborted();
    if (limit.aborted) return (await missing()) === undefined;
  }
}

/** The next document that is kept, or the end of the waiting. */
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
