/**
 * State of a message:
 *
 * - `queued`: on disk, not handed to a transport yet;
 * - `waiting`: the receiver's meta or visa, or the group's member list, must arrive first;
 * - `sent`: handed to the transport;
 * - `delivered`: a station has it;
 * - `received`: the receiver's program has it;
 * - `failed`: given up, see the code of the error.
 */
export type DeliveryState = 'waiting' | 'queued' | 'sent' | 'delivered' | 'received' | 'failed';

/** States in order of progress. `failed` is not one of them. */
export const PROGRESS: readonly DeliveryState[] = [
  'waiting',
  'queued',
  'sent',
  'delivered',
  'received',
];

/** Returns whether a state is at least as far as another. A failed message has reached no state. */
export function hasReached(state: DeliveryState, goal: DeliveryState): boolean {
  if (state === goal) return true;
  return isProgress(goal) && PROGRESS.indexOf(state) >= PROGRESS.indexOf(goal);
}

/** Checks that a value is a state that a message can reach, for callers in plain JavaScript. */
export function isProgress(state: unknown): state is Exclude<DeliveryState, 'failed'> {
  return PROGRESS.includes(state as DeliveryState);
}

/** Returns the state of a message with several receivers: that of the slowest copy that has not failed. */
export function jointState(states: readonly DeliveryState[]): DeliveryState {
  const open = states.filter((state) => state !== 'failed');
  if (open.length === 0) return states.length === 0 ? 'waiting' : 'failed';
  return PROGRESS[Math.min(...open.map((state) => PROGRESS.indexOf(state)))] ?? 'waiting';
}
