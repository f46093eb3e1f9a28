/**
 * How far a message has got:
 *
 * - `queued`: on disk, not handed to a transport yet;
 * - `waiting`: the receiver's meta or visa, or the group's members, have to arrive first;
 * - `sent`: handed to the transport;
 * - `delivered`: a station has it;
 * - `received`: the receiver's program has it;
 * - `failed`: given up, see the error's code.
 */
export type DeliveryState = 'waiting' | 'queued' | 'sent' | 'delivered' | 'received' | 'failed';

/** From not even packed to done; `failed` stands outside. */
export const PROGRESS: readonly DeliveryState[] = [
  'waiting',
  'queued',
  'sent',
  'delivered',
  'received',
];

/** Whether a state is at least as far as another. A failed message has got nowhere. */
export function hasReached(state: DeliveryState, goal: DeliveryState): boolean {
  if (state === goal) return true;
  return isProgress(goal) && PROGRESS.indexOf(state) >= PROGRESS.indexOf(goal);
}

/** Whether something is a state that a message can get to, for what comes from untyped programs. */
export function isProgress(state: unknown): state is Exclude<DeliveryState, 'failed'> {
  return PROGRESS.includes(state as DeliveryState);
}

/** The state of a message with several receivers: that of the slowest who can still get it. */
export function jointState(states: readonly DeliveryState[]): DeliveryState {
  const open = states.filter((state) => state !== 'failed');
  if (open.length === 0) return states.length === 0 ? 'waiting' : 'failed';
  return PROGRESS[Math.min(...open.map((state) => PROGRESS.indexOf(state)))] ?? 'waiting';
}
