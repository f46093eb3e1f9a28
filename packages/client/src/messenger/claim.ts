import { type Store, subStoreOrigin } from '@dimp/core';
import { type Handle, makeHandle, ProtocolError } from '@dimp/foundation';

/** Parts of stores that messengers of this program use. */
const CLAIMED = /* @__PURE__ */ new WeakMap<Store, Set<string>>();

/**
 * Claims a store for one messenger of this program. Two messengers would both send the messages in the outbox, and
 * neither would learn of the other's changes. Tabs have a store object each and share the work, see `TabLeader`.
 *
 * @returns a handle that releases the store
 * @throws `store/conflict` while another messenger has it
 */
export function claim(store: Store): Handle {
  const origin = subStoreOrigin(store);
  const whole = origin?.store ?? store;
  const part = JSON.stringify(origin?.prefix ?? []);
  const claimed = CLAIMED.get(whole) ?? new Set();
  CLAIMED.set(whole, claimed);
  if (claimed.has(part)) {
    throw new ProtocolError(
      'store/conflict',
      'another messenger of this program works on this store; use that one, or close it first',
    );
  }
  claimed.add(part);
  let open = true;
  return makeHandle(() => {
    if (open) claimed.delete(part);
    open = false;
  });
}
