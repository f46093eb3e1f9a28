import { Facebook, register } from '@dimp/client';
import type { Clock, Protocol, Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { ID } from '@dimp/mkm';

/** Who is made. */
export interface NewIdentity {
  readonly name: string;
  /** See `EntityType`. */
  readonly network: number;
}

interface Identity {
  readonly id: ID;
  readonly store: Store;
}

/** Identities are made once in a process for each name, because making keys is slow. Each world gets copies. */
const made = new Map<string, Promise<Identity>>();

/** Puts a user into an empty store. */
export async function putIdentity(
  store: Store,
  { name, network }: NewIdentity,
  { protocol, clock }: { readonly protocol: Protocol; readonly clock: Clock },
): Promise<ID> {
  const key = `${name} ${network}`;
  const making =
    made.get(key) ??
    (async () => {
      const origin = memoryStore();
      const facebook = new Facebook({ protocol, store: origin, clock });
      const { id } = await register(name, { facebook, network, algorithm: 'Ed25519' });
      return { id, store: origin };
    })();
  made.set(key, making);
  const { id, store: origin } = await making;
  for await (const [path, bytes] of origin.list([])) await store.set(path, bytes);
  return id;
}
