import type { ServiceHost } from '@dimp/client';
import type { Timers } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import { Events, type Handle } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { ChatRecord } from '../history/chat-record.ts';
import { unlessDamaged } from '../history/damage.ts';
import type { History } from '../history/history.ts';
import type { MessageRecord } from '../history/message-record.ts';
import type { MergeLimits } from '../merge/rules.ts';
import type { ChatMessage } from '../model/message.ts';
import { ChatList } from './chat-list.ts';
import { Names } from './names.ts';
import { kindOf } from './place-of.ts';
import { Typists } from './typing.ts';
import { viewOf } from './view.ts';

/** Whom the user tells how far they have read. */
export type ReadMarkPolicy = 'everybody' | 'contacts' | 'nobody';

/** Options for {@link Account}. */
export interface AccountParts {
  readonly facebook: Facebook;
  readonly user: ID;
  readonly history: History;
  readonly host: ServiceHost;
  readonly timers: Timers;
  readonly limits: MergeLimits;
  readonly readMarks: ReadMarkPolicy;
  /** Called for a failure that no caller can be told of. */
  readonly onFailure: (error: unknown) => void;
}

/** The conversations of one user, and what they are shown with. */
export class Account {
  readonly parts: AccountParts;
  readonly user: ID;
  readonly history: History;
  readonly names: Names;
  readonly list: ChatList;
  readonly typists: Typists;
  readonly #events = new Events<{ renamed: Record<never, never> }>({ renamed: true });
  readonly #listening: Handle[];

  constructor(parts: AccountParts) {
    const { facebook, user, history, timers } = parts;
    this.parts = parts;
    this.user = user;
    this.history = history;
    this.names = new Names(facebook, user);
    this.list = new ChatList(history, this.names);
    this.typists = new Typists(history.clock, timers);
    this.#listening = [
      facebook.events.on('documentSaved', ({ id }) => this.#renamed(id.entity)),
      facebook.events.on('contactsChanged', (event) => {
        if (sameEntity(event.user, user)) this.#renamed();
      }),
      facebook.events.on('usersChanged', () => this.#renamed()),
    ];
  }

  /** Calls a listener when names may have changed. */
  watchNames(changed: () => void): () => void {
    const handle = this.#events.on('renamed', changed);
    return () => handle.close();
  }

  /** The ID of an entity. @throws `format/` codes */
  id(entity: string): ID {
    return this.parts.facebook.protocol.parseID(entity);
  }

  kindOf(peer: ID): ChatRecord['kind'] {
    return kindOf(peer, this.user);
  }

  /** Makes messages to show of records of one conversation. */
  async view(peer: ID, records: readonly MessageRecord[]): Promise<ChatMessage[]> {
    const { facebook } = this.parts;
    const chat = await this.history.chat(peer.entity);
    if (chat === undefined) return [];
    const here = new Map(records.map((record) => [record.ref, record]));
    const isMember = await this.#memberTest(peer, records);
    const context = {
      protocol: facebook.protocol,
      user: this.user.entity,
      chat: (await this.showsReaders(peer, chat)) ? chat : { ...chat, readers: [] },
      now: this.history.clock.now(),
      nameOf: (entity: string) => this.names.of(entity),
      // A damaged message must not hide the one that quotes it.
      message: async (ref: string) =>
        here.get(ref) ?? (await unlessDamaged(() => this.history.message(peer.entity, ref))),
      isMember,
    };
    const shown: ChatMessage[] = [];
    for (const record of records) shown.push(await viewOf(record, context));
    return shown;
  }

  /** Whether read marks are exchanged in a conversation: a user who sends none is shown none. */
  async showsReaders(peer: ID, { request }: Pick<ChatRecord, 'request'>): Promise<boolean> {
    const { readMarks, facebook } = this.parts;
    if (readMarks === 'nobody' || request !== undefined) return false;
    if (readMarks === 'everybody' || peer.isGroup) return true;
    return (await facebook.contact(this.user, peer)) !== undefined;
  }

  close(): void {
    for (const each of this.#listening) each.close();
    this.list.close();
    this.typists.close();
    this.history.close();
  }

  /** Only polls of groups ask who is a member. */
  async #memberTest(
    peer: ID,
    records: readonly MessageRecord[],
  ): Promise<(entity: string) => boolean> {
    if (!peer.isGroup || !records.some(({ kind }) => kind === 'poll')) return () => true;
    const members = new Set<string>(
      (await this.parts.facebook.members(peer)).map(({ entity }) => entity),
    );
    return (entity) => members.size === 0 || members.has(entity);
  }

  #renamed(entity?: string): void {
    this.names.forget();
    this.list.renamed(entity);
    this.#events.emit('renamed', {});
  }
}
