import type { ID } from '@dimp/mkm';

/**
 * Something has to arrive before a message can be processed: a peer's meta or visa, or a group's members. This is a result, not
 * an error: the caller asks for it and tries again (spec §11.4).
 */
export interface Waiting {
  readonly status: 'waiting';
  readonly for: 'meta' | 'visa' | 'members';
  /** The entity that it belongs to. */
  readonly id: ID;
}

/** Creates a {@link Waiting}. */
export function waiting(what: Waiting['for'], id: ID): Waiting {
  return Object.freeze({ status: 'waiting', for: what, id });
}

/** Whether a result is a {@link Waiting}. */
export function isWaiting(outcome: object): outcome is Waiting {
  return 'status' in outcome && outcome.status === 'waiting';
}
