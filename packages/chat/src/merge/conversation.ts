import type { TimerBody } from '@dimp/extensions/chat';
import { later, type Register, registerOf } from './register.ts';

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
