import { Typing } from '@dimp/extensions/chat';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Account } from './account.ts';
import { audienceOf } from './audience.ts';
import { isSmallGroup } from './rights.ts';
import { TYPING_MS } from './typing.ts';

/** Shortest time between two signs of typing, in milliseconds. */
const EVERY_MS = 4000;
/** A conversation is active for so long after its last message, in milliseconds. */
const ACTIVE_MS = 5 * 60_000;

/** Tells peers that the user types: to contacts and small groups, while the conversation is active. */
export class OwnTyping {
  readonly #account: Account;
  readonly #last = new Map<string, number>();

  constructor(account: Account) {
    this.#account = account;
  }

  /** The user has pressed a key. */
  note(peer: ID, what: 'text' | 'voice' | 'file'): void {
    const { history, parts } = this.#account;
    const now = history.clock.now();
    const last = this.#last.get(peer.entity) ?? Number.NEGATIVE_INFINITY;
    if (now - last < EVERY_MS || sameEntity(peer, this.#account.user)) return;
    this.#last.set(peer.entity, now);
    parts.host.background(() => this.#send(peer, what, now));
  }

  /** The message was sent: the next key is told at once. */
  ended(peer: ID): void {
    this.#last.delete(peer.entity);
  }

  async #send(peer: ID, what: 'text' | 'voice' | 'file', now: number): Promise<void> {
    const { history, user, parts } = this.#account;
    const { facebook, host } = parts;
    const chat = await history.chat(peer.entity);
    if (chat?.last === undefined || chat.request !== undefined || chat.blocked) return;
    if (now - chat.last.stamp > ACTIVE_MS) return;
    const isFriend = peer.isGroup
      ? await isSmallGroup(facebook, peer)
      : (await facebook.contact(user, peer)) !== undefined;
    if (!isFriend) return;
    const draft = Typing.create({ for: what }, peer.isGroup ? { group: peer } : {});
    const { receivers } = await audienceOf(facebook, peer, user);
    for (const receiver of receivers) {
      await host.sendNow(draft, receiver, { until: now + TYPING_MS, sender: user });
    }
  }
}
