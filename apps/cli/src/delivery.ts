import type { Delivery, DeliveryReport } from '@dimp/client';
import type { JsonObject } from '@dimp/foundation';
import { oneLine } from './text.ts';

/** What is told of a message on its way. */
export function deliveryFacts(delivery: Delivery, report: DeliveryReport): JsonObject {
  const { state, settled, receipt, error, waitingFor } = report;
  return {
    delivery: delivery.id,
    receiver: delivery.receiver.text,
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
  return receipt === undefined ? state : `${state} (${oneLine(receipt)})`;
}
