import type { ID } from '@dimp/mkm';

/**
 * Something has to arrive before a message can go on: a peer's meta or visa, a group's members. This is an outcome and
 * no error: the caller asks for it and tries again (spec §11.4).
 */
export interface Waiting {
  readonly status: 'waiting';
  readonly for: 'meta' | 'visa' | 'members';
  /** Whose. */
  readonly id: ID;
}

/** Makes a {@link Waiting}. */
export function waiting(what: Waiting['for'], id: ID): Waiting {
  return Object.freeze({ status: 'waiting', for: what, id });
}

/** Tells an outcome that has to wait from a finished one. */
export function isWaiting(outcome: object): outcome is Waiting {
  return 'status' in outcome && outcome.status === 'waiting';
}
