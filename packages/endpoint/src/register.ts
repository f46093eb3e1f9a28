import { type KeyNamesOfProtocol, type Protocol, seconds } from '@dimp/core';
import type { Signer } from '@dimp/crypto';
import type { JsonObject } from '@dimp/foundation';
import { EntityType, type Group, type ID, signDocument, type User } from '@dimp/mkm';
import { abilitiesOf } from './facebook/abilities.ts';
import type { Facebook } from './facebook/facebook.ts';
import { makeMessageKey } from './facebook/message-key.ts';
import { requireID } from './require-id.ts';

/** How an identity is made. Everything but the facebook has a default. */
export interface RegisterOptions<P extends Protocol = Protocol> {
  /** Where the new identity is kept. */
  readonly facebook: Facebook<P>;
  /** Algorithm of the identity key, `RSA` by default. */
  readonly algorithm?: KeyNamesOfProtocol<P>;
  /** What the identity algorithm is told, such as `{ bits: 2048 }`. */
  readonly keyOptions?: object;
  /** An identity key that exists already: imported, remote, or not extractable. */
  readonly signer?: Signer;
  /** Type of the meta: `"1"` MKM by default, which makes `name@address`; `"2"` BTC and `"4"` ETH have no name. */
  readonly metaType?: string;
  /** Kind of entity, `EntityType.User` by default. */
  readonly network?: number;
  /** Algorithm of the communication key in the visa, `RSA` by default; it has to encrypt. */
  readonly messageAlgorithm?: KeyNamesOfProtocol<P>;
  /** More properties of the visa, such as `avatar` (spec §7.2). */
  readonly visa?: JsonObject;
  /** How the identity is made, such as the entropy of its mnemonic. Kept like a key. */
  readonly origin?: JsonObject;
}

/**
 * Makes a user on this machine, as the seed program does: private key → meta with the name as its seed → ID → saved →
 * user. The visa, signed by the identity key, holds a second key that only receives message keys and can be replaced.
 *
 * @param name - 1 to 32 bytes; becomes part of the ID for seeded metas, and the visa's name
 * @throws `format/field` for a bad name, `unsupported/algorithm`, `unsupported/meta`, `unsupported/entity` for a
 *   kind of user without a class, `crypto/key`, `format/limit` for a visa of more than 64 KiB, `TypeError` for message
 *   keys that cannot encrypt; `store/` codes, and then nothing has been saved
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
  // Before any work is done: an ID without a class, or of a group.
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
    // Who is registered again with the same key goes on reading what was sent to him before.
    messageKeys: [messageKey, ...(await facebook.messageKeys(id))],
    ...(origin === undefined ? {} : { origin }),
  });
}

/**
 * The current user of this machine; one is made by {@link register} if there is none. For programs with one user: two tabs
 * that are opened at the same time get the same identity.
 *
 * @param name - of a user who has to be made
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

/** How a group is made. */
export interface CreateGroupOptions {
  readonly facebook: Facebook;
  /** The user of this machine who founds it; his key signs the group's meta (spec §6.3). */
  readonly founder: ID;
  /** Everybody else. */
  readonly members: readonly ID[];
  /** Kind of group, `EntityType.Group` by default. */
  readonly network?: number;
  /** More properties of the bulletin (spec §7.2). */
  readonly bulletin?: JsonObject;
}

/**
 * Makes a group: its meta is signed by the founder, its bulletin names him, the member list begins with him
 * (spec §6.3, §11.3).
 *
 * @param name - 1 to 32 bytes; part of the ID
 * @throws `identity/not-found` if the founder is no user of this machine, `format/field` for a bad name or that of
 *   another group of his, `unsupported/entity` for a kind of group without a class; `store/` codes, and then nothing has been saved
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
