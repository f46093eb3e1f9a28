import type {
  MessengerService,
  OutgoingRecord,
  Sent,
  ServiceContext,
  ServiceHost,
  ServiceMessage,
  Taken,
} from '@dimp/client';
import type { Clock, Store, StoreKey } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { encodeRecord, isCommand, STANDARD_KINDS } from '@dimp/endpoint';
import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { linkMac } from '../links/link-token.ts';
import { detailsLock, detailsPath, encodeDetails, readDetails } from './contact-details.ts';
import { type LinkTokens, tokenLock } from './link-tokens.ts';

/** Options for {@link LinkService}. */
export interface LinkServiceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly user: ID;
  readonly tokens: LinkTokens;
  /** Accepts somebody who has followed a link for one use. */
  readonly accept: (guest: ID) => Promise<void>;
}

/** Guests whose acceptance is on disk and not carried out yet. */
const AREA = 'link-guest';
/** Longest proof that is looked at, in characters: HMAC-SHA-256 in Base64url has 43. */
const MAC_LENGTH = 43;

/**
 * Proves to the makers of links that their links were seen, and checks such proofs. A proof stands in the first content to the
 * inviter, as member `link`.
 */
export class LinkService implements MessengerService {
  readonly name = 'links';
  readonly kinds = '*';
  readonly #options: LinkServiceOptions;
  #host: ServiceHost | undefined;

  constructor(options: LinkServiceOptions) {
    this.#options = options;
  }

  attach(host: ServiceHost): void {
    this.#host = host;
  }

  /** Carries out what an earlier run could not. */
  start(): void {
    this.#host?.background(() => this.#acceptAll());
  }

  locks({ user, content }: Pick<ServiceMessage, 'user' | 'content'>): readonly string[] {
    if (macOf(content) === undefined) return [];
    return [tokenLock(user.entity), detailsLock(user.entity)];
  }

  async take(message: ServiceMessage, context: ServiceContext): Promise<Taken> {
    const { user, tokens, clock } = this.#options;
    const { content, envelope } = message;
    const { sender: guest, receiver } = envelope;
    const mac = macOf(content);
    const isForUs = sameEntity(message.user, user) && sameEntity(receiver, user);
    if (mac === undefined || !isForUs || content.group !== undefined) return {};
    const used = await tokens.use({ mac, guest, inviter: user }, context);
    if (used === undefined) return {};
    // Everybody who has got a link for several uses could pass it on.
    if (used.token.uses > 1) return { changes: used.changes };
    const value = encodeRecord({ time: clock.now() });
    return {
      changes: [...used.changes, { type: 'set', key: this.#guestPath(guest.entity), value }],
      written: () => this.#host?.background(() => this.#acceptAll()),
    };
  }

  async extra(content: Content, receiver: ID): Promise<JsonObject> {
    const { store, user } = this.#options;
    if (!isForPeople(content) || receiver.isGroup || receiver.isBroadcast) return {};
    const { token } = await readDetails(store, user.entity, receiver.entity);
    if (token === undefined) return {};
    return { link: { mac: linkMac(token, { guest: user, inviter: receiver }) } };
  }

  /** A token is used once; the content is sent again as it is if it does not arrive. */
  async sent(
    { sender, receiver, content }: OutgoingRecord,
    context: ServiceContext,
  ): Promise<Sent> {
    const { user } = this.#options;
    // Only with a proof are the details locked: what the user says about a contact meanwhile must not be lost.
    if (!sameEntity(sender, user) || receiver.isGroup || macIn(content) === undefined) return {};
    const { token, ...details } = await readDetails(context, user.entity, receiver.entity);
    if (token === undefined) return {};
    const key = detailsPath(user.entity, receiver.entity);
    return { changes: [{ type: 'set', key, value: encodeDetails(details) }] };
  }

  async #acceptAll(): Promise<void> {
    const { store, user, accept } = this.#options;
    const { parseID } = this.#requireHost().facebook.protocol;
    const guests: string[] = [];
    for await (const [[, , guest]] of store.list([AREA, user.entity])) {
      if (guest !== undefined) guests.push(guest);
    }
    for (const guest of guests) {
      await accept(parseID(guest));
      await store.delete(this.#guestPath(guest));
    }
  }

  #requireHost(): ServiceHost {
    if (this.#host === undefined) throw new TypeError('links must be a service of a messenger');
    return this.#host;
  }

  #guestPath(guest: string): StoreKey {
    return [AREA, this.#options.user.entity, guest];
  }
}

function isForPeople(content: Content): boolean {
  return !isCommand(content) && !STANDARD_KINDS.has(content.kind);
}

/** The proof in a content; undefined if it cannot be one. */
function macOf({ wire }: Content): string | undefined {
  return macIn(wire);
}

function macIn(wire: JsonObject): string | undefined {
  const link = ownMember(wire, 'link');
  const mac = isJsonObject(link) ? ownMember(link, 'mac') : undefined;
  return typeof mac === 'string' && mac.length === MAC_LENGTH ? mac : undefined;
}
