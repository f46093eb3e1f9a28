import { type KeyNamesOfProtocol, type Protocol, seconds } from '@dimp/core';
import type { Signer } from '@dimp/crypto';
import { definedOnly, type JsonObject } from '@dimp/foundation';
import { EntityType, type Group, type ID, signDocument, type User } from '@dimp/mkm';
import { abilitiesOf } from './facebook/abilities.ts';
import type { Facebook } from './facebook/facebook.ts';
import { makeMessageKey } from './facebook/message-key.ts';
import { requireID } from './require-id.ts';

/** Options of {@link register}. All but the facebook have defaults. */
export interface RegisterOptions<P extends Protocol = Protocol> {
  /** Stores the new identity. */
  readonly facebook: Facebook<P>;
  /** Algorithm of the identity key, `RSA` by default. */
  readonly algorithm?: KeyNamesOfProtocol<P>;
  /** Options for the identity algorithm, such as `{ bits: 2048 }`. */
  readonly keyOptions?: object;
  /** An existing identity key: imported, remote, or not extractable. */
  readonly signer?: Signer;
  /** Meta type: `"1"` MKM by default, with IDs `name@address`; the IDs of `"2"` BTC and `"4"` ETH have no name. */
  readonly metaType?: string;
  /** Kind of entity, `EntityType.User` by default. */
  readonly network?: number;
  /** Algorithm of the message key in the visa, `RSA` by default; must be able to encrypt. */
  readonly messageAlgorithm?: KeyNamesOfProtocol<P>;
  /** More properties of the visa, such as `avatar` (spec §7.2). */
  readonly visa?: JsonObject;
  /** How the identity is made, such as the entropy of its mnemonic. Stored like a key. */
  readonly origin?: JsonObject;
}

/**
 * Creates a local user: private key → meta with the name as its seed → ID → visa → saved. The visa, signed with the identity key,
 * holds a second key for message keys, which can be replaced.
 *
 * @param name - 1 to 32 bytes; the name in the visa, and in the ID if the meta type has a seed
 * @throws `format/field` for an invalid name; `unsupported/algorithm`; `unsupported/meta`; `unsupported/entity` for a kind of user
 *   without a class; `crypto/key`; `format/limit` for a visa of more than 64 KiB; `TypeError` for a message algorithm that cannot
 *   encrypt; `store/` codes, in which case nothing is saved
 *
 * @example
 * ```ts
 * const moki = await register('moki', { facebook, algorithm: 'ECC', metaType: '4' });
 * console.log(moki.id.text); // 0x…
 * ```
 */
export async function register<P extends Protocol>(
  name: string,
  options: RegisterOptions<P>,
): Promise<User> {
  const { facebook, metaType = '1', network = EntityType.User } = options;
  const { protocol } = facebook;
  const signer: Signer =
    options.signer ??
    (await protocol.keys.generate(options.algorithm ?? 'RSA', options.keyOptions));
  const seeded = protocol.metas.isSeeded(metaType);
  const meta = await protocol.metas.generate({
    type: metaType,
    signer,
    ...(seeded ? { seed: name } : {}),
  });
  const id = protocol.metas.makeID(meta, network);
  // First: throws for a kind without a class, and for a group.
  facebook.user(id);
  const messageKey = await makeMessageKey(protocol, options.messageAlgorithm ?? 'RSA');
  const visa = await signDocument(
    {
      did: id,
      type: 'visa',
      properties: {
        name,
        accepts: abilitiesOf(protocol),
        ...options.visa,
        key: messageKey.publicKey.toWire(),
      },
      now: seconds(facebook.clock),
    },
    signer,
  );
  const { origin } = options;
  return facebook.saveLocalUser({
    id,
    meta,
    documents: [visa],
    signer,
    // A user who registers again with the same key can still read older messages.
    messageKeys: [messageKey, ...(await facebook.messageKeys(id))],
    ...definedOnly({ origin }),
  });
}

/**
 * Returns the current local user, and creates one with {@link register} if there is none. For programs with one user: two tabs that
 * are opened at the same time get the same identity.
 *
 * @param name - name of a new user
 * @throws the codes of {@link register}
 *
 * @example
 * ```ts
 * const user = await ensureUser('moki', { facebook });
 * ```
 */
export function ensureUser<P extends Protocol>(
  name: string,
  options: RegisterOptions<P>,
): Promise<User> {
  return options.facebook.ensureUser(() => register(name, options));
}

/** Options of {@link createGroup}. */
export interface CreateGroupOptions {
  readonly facebook: Facebook;
  /** The founder, a local user whose key signs the group's meta (spec §6.3). */
  readonly founder: ID;
  /** The other members. */
  readonly members: readonly ID[];
  /** Kind of group, `EntityType.Group` by default. */
  readonly network?: number;
  /** More properties of the bulletin (spec §7.2). */
  readonly bulletin?: JsonObject;
}

/**
 * Creates a group. The founder signs its meta, is named in its bulletin, and is the first member (spec §6.3, §11.3).
 *
 * @param name - 1 to 32 bytes; part of the ID
 * @throws `identity/not-found` if the founder is not a local user; `format/field` for an invalid name, or one that another group of
 *   the founder has; `unsupported/entity` for a kind of group without a class; `store/` codes, in which case nothing is saved
 */
export async function createGroup(name: string, options: CreateGroupOptions): Promise<Group> {
  const { facebook, founder, network = EntityType.Group } = options;
  for (const member of options.members) requireID(member, 'a member');
  const signer = await facebook.requireSigner(founder);
  const meta = await facebook.protocol.metas.generate({ type: '1', signer, seed: name });
  const id = facebook.protocol.metas.makeID(meta, network);
  const group = facebook.group(id);
  const bulletin = await signDocument(
    {
      did: id,
      type: 'bulletin',
      properties: { name, ...options.bulletin, founder: founder.text },
      now: seconds(facebook.clock),
    },
    signer,
  );
  const others = new Map(options.members.map((member) => [member.entity, member]));
  others.delete(founder.entity);
  await facebook.saveOwnGroup(id, meta, bulletin, [founder, ...others.values()]);
  return group;
}
