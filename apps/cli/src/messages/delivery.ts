import type { Delivery, DeliveryReport, DeliveryState } from '@dimp/client';
import { type JsonObject, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import { oneLine, shortened } from '../terminal/text.ts';
import type { History } from './history.ts';
import { contentText } from './incoming.ts';

/** A state that the caller of `dim send` can wait for. */
export type Goal = 'sent' | 'delivered' | 'received';

/** JSON facts of a delivery. @param to - facts of the receiver, from `People.facts` */
export function deliveryFacts(
  delivery: Delivery,
  report: DeliveryReport,
  to: JsonObject,
): JsonObject {
  const { state, settled, receipt, error, waitingFor } = report;
  return {
    delivery: delivery.id,
    receiver: delivery.receiver.text,
    to,
    kind: delivery.content.kind,
    sn: delivery.content.sn,
    state,
    settled,
    receipt,
    code: error?.code,
    waitingFor:
      waitingFor === undefined ? undefined : { what: waitingFor.for, id: waitingFor.id.text },
  };
}

/** Describes a state in words. */
export function stateText({ state, waitingFor, receipt, error }: DeliveryReport): string {
  if (state === 'waiting' && waitingFor !== undefined) {
    return `waiting for the ${waitingFor.for} of ${waitingFor.id.text}`;
  }
  if (error !== undefined) return `${state}: ${oneLine(error.message)} [${error.code}]`;
  // The peer chose the text of the receipt.
  return receipt === undefined ? state : `${state} (says "${oneLine(shortened(receipt))}")`;
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
export function unreached({ report, receiver }: Delivery, goal: DeliveryState): ProtocolError {
  const { state, waitingFor } = report;
  if (state === 'waiting') {
    const { for: what, id } = waitingFor ?? { for: 'visa', id: receiver };
    return new ProtocolError(
      'identity/not-found',
      `the station has not sent the ${what === 'members' ? 'member list' : what} of ${id.text}: the message is kept until it does`,
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

/** Adds a sent message to the history. */
export function recordSent(delivery: Delivery, peer: ID, history: History): Promise<void> {
  return history.add(peer, {
    id: delivery.id,
    direction: 'out',
    sender: delivery.sender.text,
    kind: delivery.content.kind,
    text: contentText(delivery.content),
    time: delivery.created / 1000,
  });
}

/** Options for {@link followDelivery}. */
export interface FollowOptions {
  readonly goal: Goal;
  /** Seconds to wait for the goal. */
  readonly timeout: number;
  /** Seconds to wait for the identity of the receiver. */
  readonly identityTimeout: number;
  /** The receiver in the output for people, and in JSON. */
  readonly label: string;
  readonly facts: JsonObject;
}

/**
 * Reports each state of a message until it reaches the goal.
 *
 * @throws `identity/not-found`, `transport/timeout` if it does not reach the goal in time; it stays in the outbox
 */
export async function followDelivery(
  delivery: Delivery,
  { goal, timeout, identityTimeout, label, facts }: FollowOptions,
  context: Context,
): Promise<void> {
  const { output, signal } = context;
  const show = (): void => {
    const { report } = delivery;
    output.event('delivery', deliveryFacts(delivery, report, facts), stateText(report));
  };
  using _states = delivery.on('state', show);
  const limit = deadline(timeout);
  const stop = new AbortController();
  // If the station has not sent the identity of the receiver by then, waiting longer does not help.
  const identityLimit = deadline(Math.min(identityTimeout, timeout));
  const stopIfWaiting = (): void => {
    if (delivery.report.state === 'waiting') stop.abort();
  };
  identityLimit.addEventListener('abort', stopIfWaiting, { once: true });
  try {
    await delivery.reached(goal, AbortSignal.any([limit, stop.signal, signal]));
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted && !stop.signal.aborted) throw error;
    output.note(keptText(delivery.report.state));
    throw unreached(delivery, goal);
  } finally {
    identityLimit.removeEventListener('abort', stopIfWaiting);
  }
  const { report } = delivery;
  output.result(
    'sent',
    deliveryFacts(delivery, report, facts),
    `${report.state} to ${label} (${oneLine(delivery.receiver.text)})`,
  );
}
