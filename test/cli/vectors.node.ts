import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { protocol } from '../../apps/cli/src/account/protocol.ts';
import type { InspectionContext } from '../../apps/cli/src/inspect/known.ts';
import { nothingKnown } from '../../apps/cli/src/inspect/known.ts';
import { canDecrypt, type DecryptKey, type Signer } from '../../packages/crypto/src/index.ts';
import type { JsonObject } from '../../packages/foundation/src/index.ts';
import type { ID } from '../../packages/mkm/src/index.ts';

const ROOT = fileURLToPath(new URL('../../vectors/', import.meta.url));

/** An account that cases refer to by name. */
interface Account {
  readonly id: string;
  readonly meta: JsonObject;
  readonly documents: readonly JsonObject[];
  readonly identity_key: JsonObject;
  readonly message_keys?: readonly JsonObject[];
  readonly members?: readonly string[];
}

/** A case of the vectors. */
export interface VectorCase {
  readonly file: string;
  readonly id: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expect?: JsonObject;
  readonly error?: string;
}

/** The accounts of the vectors. */
export const accounts: Readonly<Record<string, Account>> = (
  read('accounts.json') as { accounts: Record<string, Account> }
).accounts;

/** All cases of a family, such as `core`. */
export function casesOf(family: string): readonly VectorCase[] {
  return ['valid', 'invalid'].flatMap((kind) =>
    readdirSync(`${ROOT}${family}/${kind}`).flatMap((name) => {
      const file = `${family}/${kind}/${name}`;
      const { cases } = read(file) as { cases: Omit<VectorCase, 'file'>[] };
      return cases.map((each) => ({ ...each, file }));
    }),
  );
}

/** What the reader of a case knows, and the keys that it has. */
export function contextOf({ local, known, groups, now }: VectorCase['input']): InspectionContext {
  const clock = typeof now === 'number' ? now * 1000 : Date.now();
  const names = [
    ...((known as string[] | undefined) ?? []),
    ...((groups as string[] | undefined) ?? []),
  ];
  const members = ((groups as string[] | undefined) ?? []).flatMap(
    (each) => accounts[each]?.members ?? [],
  );
  const of = (id: ID): Account | undefined =>
    [...names, ...members]
      .map((name) => accounts[name])
      .find((each) => each !== undefined && protocol.parseID(each.id).entity === id.entity);
  return {
    protocol,
    now: () => clock,
    metas: [],
    known: {
      ...nothingKnown,
      meta: async (id) => of(id)?.meta,
      documents: async (id) => of(id)?.documents ?? [],
      members: async (id) =>
        (of(id)?.members ?? []).map((each) => protocol.parseID(accounts[each]?.id)),
      identities: async () => (typeof local === 'string' ? [identityOf(local)] : []),
    },
  };
}

function identityOf(name: string) {
  const account = accounts[name]!;
  const signer: Signer = protocol.keys.parsePrivate(account.identity_key);
  const keys = (account.message_keys ?? []).map(
    (wire) => protocol.keys.parsePrivate(wire) as unknown,
  );
  const decryptKeys = [...keys, ...(canDecrypt(signer) ? [signer] : [])] as DecryptKey[];
  return { id: protocol.parseID(account.id), signer, decryptKeys };
}

/** All private and symmetric key material in the accounts of the vectors. */
export function secrets(): readonly string[] {
  return Object.values(accounts)
    .flatMap(({ identity_key: key, message_keys: keys = [] }) => [key, ...keys])
    .filter((key) => key !== undefined)
    .map(({ data }) =>
      String(data)
        .replaceAll(/-----[A-Z ]+-----/g, '')
        .replaceAll(/\s/g, ''),
    )
    .filter((data) => data.length > 20)
    .map((data) => data.slice(0, 64));
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(`${ROOT}${path}`, 'utf8'));
}
