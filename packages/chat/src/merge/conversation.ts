import type { ReadBody, TimerBody } from '@dimp/extensions/chat';
import { later, type Register, registerOf } from './register.ts';

/** How far a reader has read. */
export interface ReadPlace {
  /** Time of the last read message in milliseconds since the epoch. */
  readonly time: number;
  readonly ref: string;
}

/** The later of two read marks of a reader. */
export function laterRead(known: ReadPlace | undefined, { upto }: ReadBody): ReadPlace {
  const added = { time: Math.round(upto.time * 1000), ref: upto.ref };
  if (known === undefined || known.time < added.time) return added;
  return known.time === added.time && known.ref < added.ref ? added : known;
}

/** Lifetime of new messages in seconds; 0 for ever. */
export type TimerRegister = Register<number>;

/** The timer of a conversation after a change. In groups, only changes of moderators may come here. */
export function laterTimer(
  known: TimerRegister | undefined,
  { seconds }: TimerBody,
  source: { readonly time: number; readonly arrived: number },
): TimerRegister {
  const added = registerOf(seconds, source);
  return known === undefined ? added : later(known, added);
}
