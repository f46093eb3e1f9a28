import type { Timers } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import {
  definedOnly,
  Events,
  fieldError,
  type Handle,
  isProtocolError,
  ProtocolError,
} from '@dimp/foundation';
import { documentName, type ID, sameEntity } from '@dimp/mkm';
import { fingerprint, type KeyedID, matchesFingerprint } from '../links/fingerprint.ts';
import { formatLink, formatQrText } from '../links/format-link.ts';
import type { ContactLink, LinkStation } from '../links/link.ts';
import { parseLink } from '../links/parse-link.ts';
import { safetyNumber } from '../links/safety-number.ts';
import type { Live } from '../live/live.ts';
import { LiveValue } from '../live/live-value.ts';
import type { ContactSummary, Contacts, LinkOptions, LinkSummary } from '../model/contacts.ts';
import { changeDetails, isDetailsPath, readDetails } from './contact-details.ts';
import type { LinkTokens } from './link-tokens.ts';
import { otherKey } from './linked-facebook.ts';

/** What a contact book does with conversations. */
export interface BlockList {
  /** Whether messages of a peer are refused. */
  isBlocked(peer: ID): Promise<boolean>;
  /** @returns stops watching */
  watch(changed: () => void): () => void;
  block(peer: ID, on: boolean): Promise<void>;
  /** Accepts a request of a peer, if there is one. */
  accept(peer: ID): Promise<void>;
}

/** Options for {@link ContactBook}. */
export interface ContactBookOptions {
  readonly facebook: Facebook;
  readonly user: ID;
  readonly tokens: LinkTokens;
  readonly blocking: BlockList;
  /** The station that a link names. */
  readonly station: () => LinkStation | undefined;
  /** Asks the network for the meta and visa of a new contact. */
  readonly ask: (id: ID) => void;
  readonly timers: Timers;
  /** Called when the list cannot be read again. */
  readonly onFailure: (error: unknown) => void;
}

const MAX_USES = 100;
const MAX_DAYS = 365;

/** The contacts of a user, with what links and verifications say of them. */
export class ContactBook implements Contacts {
  readonly list: Live<readonly ContactSummary[]>;
  readonly #options: ContactBookOptions;
  readonly #events = new Events<{ changed: Record<never, never> }>({ changed: true });

  constructor(options: ContactBookOptions) {
    this.#options = options;
    this.list = new LiveValue<readonly ContactSummary[]>({
      load: () => this.#all(),
      watch: (changed) => this.#watch(changed),
      elements: (contacts) => contacts,
      timers: options.timers,
      onFailure: options.onFailure,
    });
  }

  async get(id: string): Promise<ContactSummary | undefined> {
    const { facebook, user } = this.#options;
    const contact = this.#id(id);
    if ((await facebook.contact(user, contact)) === undefined) return undefined;
    return this.#summary(contact);
  }

  async add(idOrLink: string, { name }: { readonly name?: string } = {}): Promise<ContactSummary> {
    const { facebook, user, blocking, ask } = this.#options;
    const { id, fp, token, name: linkName } = this.#read(idOrLink);
    if (sameEntity(id, user)) throw fieldError('id', 'must not be that of the user');
    const meta = await facebook.meta(id);
    if (fp !== undefined && meta !== undefined) {
      if (!matchesFingerprint(fp, { id, key: meta.key })) throw otherKey(id);
    }
    // Before the contact: its first meta may arrive at once.
    await this.#change(id, (details) => ({ ...details, ...definedOnly({ fp, token, linkName }) }));
    await facebook.addContact(user, id, name === undefined ? {} : { remark: name });
    await blocking.accept(id);
    if (meta === undefined) ask(id);
    return this.#summary(id);
  }

  async rename(id: string, name: string): Promise<void> {
    const { facebook, user } = this.#options;
    await facebook.addContact(user, this.#id(id), { remark: name });
  }

  async remove(id: string): Promise<void> {
    const { facebook, user } = this.#options;
    const contact = this.#id(id);
    await facebook.removeContact(user, contact);
    await this.#change(contact, () => undefined);
  }

  async block(id: string, on: boolean): Promise<void> {
    await this.#options.blocking.block(this.#id(id), on);
    this.#events.emit('changed', {});
  }

  async link({ uses = 1, days = 7, name }: LinkOptions = {}): Promise<string> {
    const { facebook, user, tokens, station } = this.#options;
    if (!Number.isInteger(uses) || uses < 0 || uses > MAX_USES) {
      throw new RangeError(`uses must be an integer from 0 to ${MAX_USES}`);
    }
    if (!(days > 0 && days <= MAX_DAYS)) throw new RangeError(`days must be from 0 to ${MAX_DAYS}`);
    const me = await this.#keyed(user);
    const visa = await facebook.document(user);
    const shown = name ?? (visa === undefined ? undefined : documentName(visa)) ?? '';
    const token = uses === 0 ? undefined : await tokens.make(uses, days);
    const link: ContactLink = {
      kind: 'contact',
      id: user,
      fp: fingerprint(me),
      ...definedOnly({ station: station(), token, name: shown === '' ? undefined : shown }),
    };
    return formatLink(link);
  }

  async links(): Promise<readonly LinkSummary[]> {
    const tokens = await this.#options.tokens.list();
    return tokens.map(({ id, uses, left, until }) => ({ id, uses, left, until }));
  }

  async revokeLink(id: string): Promise<void> {
    await this.#options.tokens.revoke(id);
  }

  async safetyNumber(id: string): Promise<string> {
    return safetyNumber(await this.#keyed(this.#options.user), await this.#keyed(this.#id(id)));
  }

  async verificationCode(id: string): Promise<string> {
    const a = await this.#keyed(this.#options.user);
    const b = await this.#keyed(this.#id(id));
    return formatQrText({
      kind: 'verify',
      a: a.id,
      fa: fingerprint(a),
      b: b.id,
      fb: fingerprint(b),
    });
  }

  async verify(id: string, proof: 'number' | { readonly code: string }): Promise<void> {
    const { facebook } = this.#options;
    const contact = this.#id(id);
    const keyed = await this.#keyed(contact);
    if (proof !== 'number') await this.#checkCode(proof.code, keyed);
    const how = proof === 'number' ? proof : 'code';
    const verified = { how, time: facebook.clock.now() } as const;
    await this.#change(contact, (details) => ({ ...details, verified }));
  }

  async unverify(id: string): Promise<void> {
    await this.#change(this.#id(id), ({ verified: _, ...details }) => details);
  }

  /** All four values of the code must be those that are known here. */
  async #checkCode(code: string, contact: KeyedID): Promise<void> {
    const me = await this.#keyed(this.#options.user);
    const link = parseLink(code, this.#options.facebook.protocol.addresses);
    if (link.kind !== 'verify') throw fieldError('code', 'must begin with dim:verify');
    const agree =
      sameEntity(link.a, contact.id) &&
      sameEntity(link.b, me.id) &&
      matchesFingerprint(link.fa, contact) &&
      matchesFingerprint(link.fb, me);
    if (!agree) {
      throw new ProtocolError(
        'identity/meta-mismatch',
        'the code must show the same two people and keys as are known here',
        { details: { id: contact.id.text } },
      );
    }
  }

  #read(idOrLink: string): Pick<ContactLink, 'id' | 'name' | 'token'> & { readonly fp?: string } {
    const { protocol } = this.#options.facebook;
    if (!/^\s*(?:(?:web\+)?dim:|https:)/i.test(idOrLink)) return { id: this.#id(idOrLink.trim()) };
    const link = parseLink(idOrLink, protocol.addresses);
    if (link.kind !== 'contact') throw fieldError('link', 'must be that of a contact');
    return link;
  }

  #id(text: string): ID {
    const id = this.#options.facebook.protocol.parseID(text);
    if (!id.isUser || id.isBroadcast) throw fieldError('id', 'must be the ID of a user');
    return id;
  }

  async #keyed(id: ID): Promise<KeyedID> {
    const meta = await this.#options.facebook.meta(id);
    if (meta === undefined) {
      throw new ProtocolError('identity/not-found', 'the key of the contact is not known yet', {
        details: { id: id.text },
      });
    }
    return { id, key: meta.key };
  }

  async #all(): Promise<readonly ContactSummary[]> {
    const { facebook, user } = this.#options;
    const contacts = await facebook.contacts(user);
    return Promise.all(contacts.map((id) => this.#summary(id)));
  }

  async #summary(id: ID): Promise<ContactSummary> {
    const { facebook, user, blocking } = this.#options;
    const meta = await facebook.meta(id);
    const { verified, linkName } = await readDetails(facebook.store, user.entity, id.entity);
    const visa = await facebook.document(id);
    const remark = (await facebook.contact(user, id))?.remark;
    const name = remark || (visa && documentName(visa)) || linkName || shortForm(id);
    return {
      id: id.text,
      name,
      blocked: await blocking.isBlocked(id),
      ...definedOnly({
        fingerprint: meta === undefined ? undefined : fingerprint({ id, key: meta.key }),
        verified,
      }),
    };
  }

  async #change(id: ID, change: Parameters<typeof changeDetails>[3]): Promise<void> {
    const { facebook, user } = this.#options;
    await changeDetails(facebook.store, user.entity, id.entity, change);
    this.#events.emit('changed', {});
  }

  #watch(changed: () => void): () => void {
    const { facebook, user, blocking } = this.#options;
    const about = (id: ID): void => {
      const isContact = facebook.contact(user, id).then(
        (contact) => contact !== undefined,
        // Then the list itself tells what is wrong.
        (error: unknown) => isProtocolError(error),
      );
      void isContact.then((is) => {
        if (is) changed();
      });
    };
    const handles: (Handle | undefined)[] = [
      this.#events.on('changed', changed),
      facebook.events.on('contactsChanged', (event) => {
        if (sameEntity(event.user, user)) changed();
      }),
      facebook.events.on('metaSaved', ({ id }) => about(id)),
      facebook.events.on('documentSaved', ({ id }) => about(id)),
      facebook.store.sharing?.watch((paths) => {
        if (paths.some(isDetailsPath)) changed();
      }),
    ];
    const stop = blocking.watch(changed);
    return () => {
      for (const each of handles) each?.close();
      stop();
    };
  }
}

/** The name in an ID, else the ends of its address. */
function shortForm({ name, address: { canonical } }: ID): string {
  return name ?? `${canonical.slice(0, 4)}…${canonical.slice(-4)}`;
}
