import type { Protocol } from '@dimp/core';
import type { DecryptKey } from '@dimp/crypto';
import type { JsonObject } from '@dimp/foundation';
import { type Document, newestDocument, signDocument } from '@dimp/mkm';
import { isKeyOf, withAbilities } from './abilities.ts';
import type { IdentityKeys } from './identity-records.ts';

/**
 * Decides how to change a visa.
 *
 * @returns the properties of the new visa, and its key if that is new; undefined if the old visa stays
 */
export type VisaChange = (
  old: Document | undefined,
  messageKeys: readonly DecryptKey[],
) => { readonly properties: JsonObject; readonly key?: DecryptKey } | undefined;

/** Returns a change that puts a new message key into a visa and announces all abilities of this program. */
export function newKeyChange(key: DecryptKey, protocol: Protocol): VisaChange {
  return (visa) => {
    const old = visa?.properties ?? {};
    const properties = withAbilities(old, protocol) ?? old;
    return { properties: { ...properties, key: key.publicKey.toWire() }, key };
  };
}

/** Returns a change that announces all abilities of this program, in a visa that this program has made. */
export function abilitiesChange(protocol: Protocol, more: readonly string[]): VisaChange {
  return (old, messageKeys) => {
    const isOurs = messageKeys.some(({ publicKey }) => isKeyOf(old, publicKey, protocol));
    const properties = isOurs ? withAbilities(old?.properties ?? {}, protocol, more) : undefined;
    return properties === undefined ? undefined : { properties };
  };
}

/** A new visa, and the message keys that its user has from then on. */
export interface RenewedVisa {
  readonly visa: Document;
  /** Newest first. */
  readonly messageKeys: readonly DecryptKey[];
}

/**
 * Changes and signs a visa.
 *
 * @param now - seconds since the epoch
 * @returns undefined if the old visa stays
 */
export async function renewVisa(
  change: VisaChange,
  { id, signer, messageKeys }: IdentityKeys,
  stored: readonly Document[],
  now: number,
): Promise<RenewedVisa | undefined> {
  const old = newestDocument(stored.filter(({ type }) => type === 'visa'));
  const changed = change(old, messageKeys);
  if (changed === undefined) return undefined;
  const { properties, key } = changed;
  const latest = newestDocument(stored)?.time ?? 0;
  // Strictly newer than every stored document, even if the clock was set back.
  const time = Math.max(now, latest + 0.001);
  const visa = await signDocument({ did: id, type: 'visa', properties, now: time }, signer);
  return { visa, messageKeys: key === undefined ? messageKeys : [key, ...messageKeys] };
}
