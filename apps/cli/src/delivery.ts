import type { Delivery, DeliveryReport, DeliveryState } from '@dimp/client';
import { type JsonObject, ProtocolError } from '@dimp/foundation';
import { oneLine, shortened } from './text.ts';

/** What is told of a message on its way. @param to - its receiver, as `People.facts` tells it */
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

/** A state in words. */
export function stateText({ state, waitingFor, receipt, error }: DeliveryReport): string {
  if (state === 'waiting' && waitingFor !== undefined) {
    return `waiting for the ${waitingFor.for} of ${waitingFor.id.text}`;
  }
  if (error !== undefined) return `${state}: ${oneLine(error.message)} [${error.code}]`;
  // Whoever has answered chose the words.
  return receipt === undefined ? state : `${state} (says "${oneLine(shortened(receipt))}")`;
}

/** What becomes of a message that has not got as far as the caller wanted in time. */
export function keptText(state: DeliveryState): string {
  switch (state) {
    case 'waiting':
      return 'the message is kept, and goes out when dim is connected and the identity has come';
    case 'queued':
      return 'the message is kept, and goes out as soon as dim is connected again';
    default:
      return 'the message has left this machine; dim sends it again until it is confirmed';
  }
}

/** The failure of a message that has not got as far as the caller wanted in time. */
export function unreached({ report, receiver }: Delivery, goal: DeliveryState): ProtocolError {
  const { state, waitingFor } = report;
  if (state === 'waiting') {
    const { for: what, id } = waitingFor ?? { for: 'visa', id: receiver };
    return new ProtocolError(
      'identity/not-found',
      `the station has not told the ${what === 'members' ? 'member list' : what} of ${id.text}: the message is kept until it does`,
    );
  }
  if (state === 'queued') {
    return new ProtocolError(
      'transport/timeout',
      'the station has not taken the message in time: it is kept',
    );
  }
  return new ProtocolError(
    'transport/timeout',
    `the message is ${state}, and not known to be ${goal} yet`,
  );
}
