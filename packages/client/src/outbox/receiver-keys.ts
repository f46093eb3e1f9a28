import { sha256 } from '@dimp/crypto/digests';
import type { Facebook } from '@dimp/endpoint';
import { encodeBase64, isJsonObject, ownMember, stringifyJson, utf8Encode } from '@dimp/foundation';
import type { Document, ID } from '@dimp/mkm';

/** Length of the digest in bytes, enough for the few sets of keys that one peer ever has. */
const LENGTH = 12;

/**
 * Identifies the keys that a receiver has. A peer who registers again or replaces a key cannot open messages that were
 * packed before (spec §7.6). Other changes of a visa, such as a name, make no difference.
 */
export class ReceiverKeys {
  readonly #facebook: Facebook;
  /** Cached by the list of documents, which is replaced together with any of them. */
  readonly #known = new WeakMap<readonly Document[], string>();

  constructor(facebook: Facebook) {
    this.#facebook = facebook;
  }

  /**
   * Returns a digest of the keys that a receiver has as far as we know.
   *
   * @returns undefined for groups and broadcasts, which have no keys, and while no key is known
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
    // Without duplicates: the name of the terminal is not signed, so any peer can repeat a visa under another one.
    const digest = sha256(utf8Encode([...new Set(keys)].sort().join('\n')));
    const name = encodeBase64(digest.subarray(0, LENGTH));
    this.#known.set(documents, name);
    return name;
  }
}
