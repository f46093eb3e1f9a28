import { sha256 } from '@dimp/crypto/digests';
import { encodeBase64, encodeBase64Url, type JsonObject, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Barrack } from '../barrack/barrack.ts';
import type { ReceiverKey } from '../barrack/receiver-keys.ts';
import { isUnreadable } from './decrypt-error.ts';
import { type Waiting, waiting } from './waiting.ts';

/** A receiver with the keys of their terminals, at least one. */
export interface Receiver {
  readonly id: ID;
  readonly keys: readonly ReceiverKey[];
}

/**
 * Returns the receivers of a message, or what has to arrive first. Group members whose key is unknown are left out if the key of at
 * least one member is known.
 */
export async function findReceivers(
  barrack: Barrack,
  receiver: ID,
): Promise<readonly Receiver[] | Waiting> {
  if (receiver.isUser) {
    const keys = await barrack.encryptKeys(receiver);
    return keys.length === 0 ? waiting('visa', receiver) : [{ id: receiver, keys }];
  }
  const members = await barrack.members(receiver);
  const [first] = members;
  if (first === undefined) return waiting('members', receiver);
  const receivers: Receiver[] = [];
  for (const id of members) {
    const keys = await barrack.encryptKeys(id);
    if (keys.length > 0) receivers.push({ id, keys });
  }
  return receivers.length === 0 ? waiting('visa', first) : receivers;
}

/**
 * Returns a text that identifies a set of receivers: the name of a single one, or the digest of the sorted names. Several terminals
 * of a receiver count too, so that an abandoned one does not get later messages. A name cannot contain NUL.
 */
export function holdersOf(receivers: readonly Receiver[]): string {
  const names = receivers.map(({ id, keys }) =>
    keys.length === 1 ? id.entity : [id.entity, ...keys.map(nameOf).sort()].join('\u0001'),
  );
  const [first] = names;
  if (names.length === 1 && first !== undefined && receivers[0]?.keys.length === 1) return first;
  return encodeBase64(sha256(utf8Encode(names.sort().join('\u0000'))));
}

/** Message key that is wrapped for one key of a receiver. */
interface WrappedFor {
  readonly key: ReceiverKey;
  readonly text: string;
}

/**
 * Wraps a key for one receiver. The entries have the names that readers look for: the ID, for the terminal without a name or else
 * the newest one, and `ID/terminal` for each if there are several (spec §8.8). A terminal whose key fails is left out.
 *
 * @throws the error of `wrap` if no key works
 */
export async function wrapFor(
  { id, keys }: Receiver,
  wrap: (key: ReceiverKey) => Promise<string>,
): Promise<{ readonly base: string; readonly entries: Readonly<Record<string, string>> }> {
  const wrapped: WrappedFor[] = [];
  let failure: unknown = new TypeError('a receiver must have at least one key');
  for (const key of keys) {
    try {
      wrapped.push({ key, text: await wrap(key) });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      failure = error;
    }
  }
  const base = wrapped.find(({ key }) => key.terminals.includes(undefined)) ?? wrapped[0];
  if (base === undefined) throw failure;
  const entries: Record<string, string> = { [id.entity]: base.text };
  if (keys.length === 1) return { base: base.text, entries };
  for (const { key, text } of wrapped) {
    for (const terminal of key.terminals) {
      if (terminal !== undefined) entries[`${id.entity}/${terminal}`] = text;
    }
  }
  return { base: base.text, entries };
}

/** Returns the members for wrapped keys: a single one as `key`, which all readers know; several also in `keys`. */
export function keyMembers(
  receiver: ID,
  keys: Readonly<Record<string, string>>,
  base: string | undefined,
): JsonObject {
  if (receiver.isGroup || base === undefined) return { keys };
  return Object.keys(keys).length === 1 ? { key: base } : { key: base, keys };
}

function nameOf({ key }: ReceiverKey): string {
  return encodeBase64Url(sha256(key.material));
}
