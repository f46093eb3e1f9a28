import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { randomBytes } from '@dimp/foundation';
import { encryptedStore } from '@dimp/store-encrypted';

/** A kind of store that is measured. */
export interface StoreKind {
  readonly name: string;
  /** Opens one that is empty. */
  open(): Promise<Store>;
}

/** The stores of a platform: in memory and on its disk, both in the clear and encrypted. */
export function storeKinds(disk: StoreKind): readonly StoreKind[] {
  const memory: StoreKind = { name: 'memory', open: async () => memoryStore() };
  return [memory, disk, encrypted(memory), encrypted(disk)];
}

/** With a key that is handed in: what a passphrase costs is paid once, when the store is opened. */
function encrypted({ name, open }: StoreKind): StoreKind {
  return {
    name: `encrypted ${name}`,
    open: async () => encryptedStore(await open(), { key: randomBytes(32) }),
  };
}

/** Copies all records into an empty store. */
export async function copyInto(to: Store, from: Store): Promise<Store> {
  for await (const [key, value] of from.list([])) await to.set(key, value);
  return to;
}
