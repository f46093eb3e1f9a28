import type { Protocol } from '@dimp/core';
import { Facebook, type FacebookOptions } from '@dimp/endpoint';
import { ProtocolError } from '@dimp/foundation';
import type { ID, Meta } from '@dimp/mkm';
import { matchesFingerprint } from '../links/fingerprint.ts';
import { readDetails } from './contact-details.ts';

/**
 * A facebook that knows which keys the links of contacts promise: the first meta of such a contact is refused if it has another key.
 * A forged first meta is the one attack that a meta itself does not show (spec §14.1 no. 2).
 */
export class LinkedFacebook<P extends Protocol = Protocol> extends Facebook<P> {
  readonly #onMismatch: (id: ID) => void;

  /** @param onMismatch - told of each meta that was refused */
  constructor(options: FacebookOptions<P>, onMismatch: (id: ID) => void) {
    super(options);
    this.#onMismatch = onMismatch;
  }

  protected override async checkMeta(meta: Meta, id: ID): Promise<void> {
    await super.checkMeta(meta, id);
    for (const user of await this.localUsers()) {
      const { fp } = await readDetails(this.store, user.id.entity, id.entity);
      if (fp === undefined || matchesFingerprint(fp, { id, key: meta.key })) continue;
      this.#onMismatch(id);
      throw otherKey(id);
    }
  }
}

/** The error for a key that is not the one of a link. */
export function otherKey(id: ID): ProtocolError<'identity/meta-mismatch'> {
  return new ProtocolError(
    'identity/meta-mismatch',
    'the key of the contact must be the one that the link names',
    { details: { id: id.text } },
  );
}
