import { sha256 } from '@dimp/crypto/digests';
import type { Facebook } from '@dimp/endpoint';
import { encodeBase64, isJsonObject, ownMember, stringifyJson, utf8Encode } from '@dimp/foundation';
import type { Document, ID } from '@dimp/mkm';

/** Bytes of a digest that are kept: enough to tell apart the few sets of keys that one peer ever has. */
const LENGTH = 12;

/**
 * Tells for which keys of a receiver a message was packed: a peer who begins anew, or replaces a key, can open nothing
 * that was packed before (spec §7.6). What else changes in a visa, such as a name, changes nothing here.
 */
export class ReceiverKeys {
  readonly #facebook: Facebook;
  /** By the list of documents, which is another one as soon as one of them is replaced. */
  readonly #known = new WeakMap<readonly Document[], string>();

  constructor(facebook: Facebook) {
    this.#facebook = facebook;
  }

  /**
   * Stands for the keys that a receiver has by what is known now.
   *
   * @returns undefined for a group and for a broadcast, which have no keys of their own, and while none are known
   */
  async of(receiver: ID): Promise<string | undefined> {
    if (receiver.isGroup || receiver.isBroadcast) return undefined;
    const documents = await this.#facebook.documents(receiver);
    const known = this.#known.get(documents);
    if (known !== undefined) return known;
    const keys = documents
      .map(({ properties }) => ownMember(properties, 'key'))
      .filter((key) => isJsonObject(key))
      .map((key) => stringifyJson(key));
    if (keys.length === 0) return undefined;
    // Each once: anybody can show a visa once more under the name of another terminal, which is not signed.
    const digest = sha256(utf8Encode([...new Set(keys)].sort().join('\n')));
    const name = encodeBase64(digest.subarray(0, LENGTH));
    this.#known.set(documents, name);
    return name;
  }
}
