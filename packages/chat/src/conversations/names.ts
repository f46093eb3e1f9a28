import type { Facebook } from '@dimp/endpoint';
import { isProtocolError, LruMap } from '@dimp/foundation';
import { documentName, type ID } from '@dimp/mkm';

/** Most names in memory. */
const REMEMBERED = 4096;
/** Characters that are shown of each end of an address. */
const SHOWN = 4;

/** Names to show for users and groups. */
export class Names {
  readonly #facebook: Facebook;
  readonly #user: ID;
  readonly #known = new LruMap<string, string>(REMEMBERED);

  constructor(facebook: Facebook, user: ID) {
    this.#facebook = facebook;
    this.#user = user;
  }

  /** The user's name for an entity, else the name that it gave itself, else the short form of its ID. */
  async of(entity: string): Promise<string> {
    const known = this.#known.get(entity);
    if (known !== undefined) return known;
    const name = await this.#read(entity);
    this.#known.set(entity, name);
    return name;
  }

  /** A name has changed, or any. */
  forget(): void {
    this.#known.clear();
  }

  async #read(entity: string): Promise<string> {
    try {
      const id = this.#facebook.protocol.parseID(entity);
      const remark = (await this.#facebook.contact(this.#user, id))?.remark;
      if (remark) return remark;
      const document = await this.#facebook.document(id);
      return (document && documentName(document)) || shortID(id);
    } catch (error) {
      // A damaged contact or document must not hide a conversation.
      if (!isProtocolError(error)) throw error;
      return entity;
    }
  }
}

/** The name in an ID, else the ends of its address. */
function shortID({ name, address }: ID): string {
  const { canonical } = address;
  if (name !== undefined) return name;
  return canonical.length <= 2 * SHOWN
    ? canonical
    : `${canonical.slice(0, SHOWN)}…${canonical.slice(-SHOWN)}`;
}
