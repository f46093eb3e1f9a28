import type { DeliveryState } from '@dimp/client';
import { type JsonObject, ProtocolError } from '@dimp/foundation';
import type { DeliveryFacts } from '../host/messaging-calls.ts';
import { oneLine, shortened } from '../terminal/text.ts';

/** A state that the caller of `dim send` can wait for. */
export type Goal = 'sent' | 'delivered' | 'received';

/** States in order of progress. `failed` is not one of them. */
const PROGRESS: readonly DeliveryState[] = ['waiting', 'queued', 'sent', 'delivered', 'received'];

/** JSON facts of a delivery. @param to - facts of the receiver, from `People.facts` */
export function deliveryFacts(delivery: DeliveryFacts, to: JsonObject): JsonObject {
  const { id, ref, receiver, kind, sn, state, settled, receipt, error, waitingFor } = delivery;
  return {
    delivery: id,
    id: ref,
    receiver,
    to,
    kind,
    sn,
    state,
    settled,
    receipt,
    code: error?.code,
    waitingFor: waitingFor === undefined ? undefined : { ...waitingFor },
  };
}

/** Describes a state in words. */
export function stateText({
  state,
  waitingFor,
  receipt,
  error,
}: Pick<DeliveryFacts, 'waitingFor' | 'receipt' | 'error'> & { readonly state: string }): string {
  if (state === 'waiting' && waitingFor !== undefined) {
    return `waiting for the ${waitingFor.what} of ${oneLine(waitingFor.id)}`;
  }
  if (error !== undefined) return `${state}: ${oneLine(error.message)} [${error.code}]`;
  // The peer chose the text of the receipt.
  return receipt === undefined ? state : `${state} (says "${oneLine(shortened(receipt))}")`;
}

/** Whether a message has come at least as far as a goal. A failed message has reached nothing. */
export function hasReached(state: DeliveryState, goal: Goal): boolean {
  return state !== 'failed' && PROGRESS.indexOf(state) >= PROGRESS.indexOf(goal);
}

/** Describes what happens to a message that has not reached the goal in time. */
export function keptText(state: DeliveryState): string {
  switch (state) {
    case 'waiting':
      return 'the message is kept, and will be sent once dim is connected and the station has sent the identity of the receiver';
    case 'queued':
      return 'the message is kept, and will be sent as soon as dim is connected again';
    default:
      return 'the message was sent; dim sends it again until it is confirmed';
  }
}

/** The failure of a message that has not reached the goal in time. */
export function unreached(
  { state, waitingFor, receiver }: DeliveryFacts,
  goal: DeliveryState,
): ProtocolError {
  if (state === 'waiting') {
    const { what, id } = waitingFor ?? { what: 'visa', id: receiver };
    return new ProtocolError(
      'identity/not-found',
      `the station has not sent the ${what === 'members' ? 'member list' : what} of ${id}: the message is kept until it does`,
    );
  }
  if (state === 'queued') {
    return new ProtocolError(
      'transport/timeout',
      'the station has not accepted the message in time: it is kept',
    );
  }
  return new ProtocolError('transport/timeout', `the message is ${state}, not ${goal} yet`);
}
