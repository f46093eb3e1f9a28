import { Facebook, Messenger } from '@dimp/client';
import { createProtocol, seconds } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { standard } from '@dimp/extensions/standard';
import { EntityType, type ID, signDocument } from '@dimp/mkm';
import type { KeyData } from './primitives.ts';

/** Everything the standard extension knows. */
export const protocol = createProtocol(standard());
type Standard = typeof protocol;

/** An identity algorithm with the visa key that goes with it. */
export interface Kind {
  readonly name: string;
  readonly algorithm: 'RSA' | 'ECC' | 'Ed25519';
  readonly options?: { readonly bits: number };
  /** Bits of the RSA key in the visa. */
  readonly visaBits: number;
}

/** The kinds of identities that the network has or may have. */
export const KINDS: readonly Kind[] = [
  { name: 'RSA-1024', algorithm: 'RSA', options: { bits: 1024 }, visaBits: 1024 },
  { name: 'RSA-2048', algorithm: 'RSA', options: { bits: 2048 }, visaBits: 2048 },
  { name: 'ECC', algorithm: 'ECC', visaBits: 2048 },
  { name: 'Ed25519', algorithm: 'Ed25519', visaBits: 2048 },
];

/** A user with their own store, and their keys for the baseline. */
export interface Person {
  readonly kind: Kind;
  readonly id: ID;
  readonly facebook: Facebook<Standard>;
  readonly messenger: Messenger<Standard>;
  /** JSON of the identity key. */
  readonly identity: KeyData;
  /** `material` of its public half. */
  readonly material: Uint8Array;
  /** JSON of the visa's private key. */
  readonly visa: KeyData;
  /** SPKI of its public half. */
  readonly visaSpki: Uint8Array;
}

/** Creates a user. Unlike `register`, it lets the caller choose the length of the visa key. */
export async function newPerson(kind: Kind): Promise<Person> {
  const { keys, metas } = protocol;
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const signer = await keys.generate(kind.algorithm, kind.options);
  const opener = await keys.generate('RSA', { bits: kind.visaBits });
  const meta = await metas.generate({ type: '1', signer, seed: 'bench' });
  const id = metas.makeID(meta, EntityType.User);
  const properties = { key: opener.publicKey.toWire() };
  const now = seconds(facebook.clock);
  const visa = await signDocument({ did: id, type: 'visa', properties, now }, signer);
  await facebook.savePrivateKeys(id, signer, [opener]);
  await facebook.saveMeta(meta, id);
  await facebook.saveDocument(visa, id);
  return {
    kind,
    id,
    facebook,
    messenger: new Messenger({ facebook }),
    identity: { data: String(signer.toWire()['data']) },
    material: signer.publicKey.material,
    visa: { data: String(opener.toWire()['data']) },
    visaSpki: opener.publicKey.material,
  };
}

/** Gives each of the two the other's meta and visa. */
export async function introduce(a: Person, b: Person): Promise<void> {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const meta = await from.facebook.meta(from.id);
    const visa = await from.facebook.document(from.id);
    if (meta === undefined || visa === undefined) throw new Error('identity is incomplete');
    await to.facebook.saveMeta(meta, from.id);
    await to.facebook.saveDocument(visa, from.id);
  }
}
