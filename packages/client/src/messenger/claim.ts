import { type Store, subStoreOrigin } from '@dimp/core';
import { type Handle, makeHandle, ProtocolError } from '@dimp/foundation';

/** Parts of stores that a messenger of this program works on. */
const CLAIMED = /* @__PURE__ */ new WeakMap<Store, Set<string>>();

/**
 * Takes a store for one messenger of this program. Two of them would both send what is in the outbox, and neither would
 * hear of what the other writes. (In tabs each has a store object of its own: these share the work, see `TabLeader`.)
 *
 * @returns gives it back when it is closed
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
