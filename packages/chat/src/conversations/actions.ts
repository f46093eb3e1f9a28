import type { SendOptions } from '@dimp/client';
import type { Draft } from '@dimp/dkd';
import {
  ACCEPTS_CHAT,
  isEmoji,
  Moderation,
  Pin,
  PollClose,
  Reaction,
  type Target,
  Timer,
  Vote,
} from '@dimp/extensions/chat';
import { fieldError, ownMember, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { MessageRecord } from '../history/message-record.ts';
import type { Annotation } from '../merge/annotation.ts';
import type { SendChatOptions, SentMessage } from '../model/chats.ts';
import type { Account } from './account.ts';
import { annotate, checkAllowed } from './annotating.ts';
import {
  editDraft,
  forwardDraft,
  type Replacement,
  recallDraft,
  replyDraft,
  targetOf,
  textDraft,
} from './drafts.ts';
import { isLifetime, refOfContent } from './message-of.ts';
import { noteToSelf } from './note-to-self.ts';
import { isModerator, mayMentionAll } from './rights.ts';
import { noteTimer } from './timer.ts';

/** Most reactions of a user to a message. */
const MAX_REACTIONS = 3;

/** What differs between annotations of the user. */
type Saying = Annotation extends infer A
  ? A extends Annotation
    ? Omit<A, 'target' | 'author' | 'time' | 'arrived' | 'moderator' | 'group'>
    : never
  : never;

/** Sends messages to one conversation, and says things about its messages. */
export class Actions {
  readonly #account: Account;
  readonly #peer: ID;

  constructor(account: Account, peer: ID) {
    this.#account = account;
    this.#peer = peer;
  }

  async send(
    content: string | Draft,
    { replyTo, mentions }: SendChatOptions = {},
  ): Promise<SentMessage> {
    const { facebook } = this.#account.parts;
    const allowed =
      mentions !== 'all' || (await mayMentionAll(facebook, this.#peer, this.#account.user));
    if (!allowed) throw unauthorized();
    const draft = typeof content === 'string' ? textDraft(content, mentions) : content;
    if (replyTo === undefined) return this.#send(draft, this.#peer);
    const quoted = await this.#message(replyTo);
    const receiver = this.#peer.isGroup || quoted.out ? this.#peer.text : this.#account.user.text;
    return this.#send(replyDraft(draft, quoted, facebook.protocol, { receiver }), this.#peer);
  }

  async forward(ref: string, to: ID): Promise<SentMessage> {
    const record = await this.#message(ref);
    const data = await this.#account.history.fileData(this.#peer.entity, ref, 0);
    const wire = data === undefined ? record.content : { ...record.content, data };
    return this.#send(forwardDraft(record, wire, this.#account.parts.facebook.protocol), to);
  }

  async edit(ref: string, text: string): Promise<void> {
    const now = this.#now();
    const record = await this.#message(ref);
    const isFile = record.kind !== 'text' && record.kind !== 'quote';
    const { content } = record;
    const file = {
      type: String(ownMember(content, 'type')),
      ...pick(content, 'URL'),
      ...pick(content, 'sha256'),
    };
    const value = { text };
    const saying: Saying = isFile ? { aspect: 'edit', value, file } : { aspect: 'edit', value };
    await this.#replace(record, saying, editDraft(record, text, now));
  }

  async recall(ref: string): Promise<void> {
    const record = await this.#message(ref);
    await this.#replace(record, { aspect: 'recall' }, recallDraft(record, this.#now()));
  }

  async react(ref: string, emojis: readonly string[]): Promise<void> {
    if (emojis.length > MAX_REACTIONS || !emojis.every(isEmoji)) {
      throw fieldError('emojis', 'must be at most three emoji');
    }
    await this.#say(ref, { aspect: 'reaction', value: emojis }, (target) =>
      Reaction.create({ target, emojis }),
    );
  }

  async vote(ref: string, options: readonly string[]): Promise<void> {
    await this.#say(ref, { aspect: 'vote', value: options }, (target) =>
      Vote.create({ target, options }),
    );
  }

  async closePoll(ref: string): Promise<void> {
    await this.#say(ref, { aspect: 'close' }, (target) => PollClose.create({ target }));
  }

  async pinMessage(ref: string, on: boolean): Promise<void> {
    await this.#say(ref, { aspect: 'pin', value: on }, (target) => Pin.create({ target, on }));
  }

  async moderate(ref: string, reason: string | undefined): Promise<void> {
    const more = reason === undefined ? {} : { reason };
    await this.#say(ref, { aspect: 'remove', ...more }, (target) =>
      Moderation.create({ target, ...more }),
    );
  }

  async setTimer(seconds: number): Promise<void> {
    if (seconds !== 0 && !isLifetime(seconds)) {
      throw fieldError('seconds', 'must be 0, or a whole number from 5 to 7776000');
    }
    const { history, user, parts } = this.#account;
    const allowed = !this.#peer.isGroup || (await isModerator(parts.facebook, this.#peer, user));
    if (!allowed) throw unauthorized();
    const draft = Timer.create({ seconds });
    if (!this.#isSelf) return this.#sendSilently(draft, 'timer');
    const now = this.#now();
    await history.change(this.#peer.entity, this.#account.kindOf(this.#peer), async (edit) => {
      const content = parts.facebook.protocol.contents.stamp(draft, { time: now / 1000 });
      await noteTimer(edit, content, { by: user, time: now, arrived: now, allowed });
    });
  }

  async retry(ref: string): Promise<void> {
    const record = await this.#message(ref);
    const delivery = (await this.#account.parts.host.deliveries()).find(({ id }) =>
      record.ids.includes(id),
    );
    if (delivery === undefined) {
      throw new ProtocolError('identity/not-found', 'the message must be in the outbox');
    }
    await delivery.retry();
  }

  /** Sends a content, and names the message that it became. */
  async #send(draft: Draft, to: ID, more: SendOptions = {}): Promise<SentMessage> {
    const { user, history, parts } = this.#account;
    // Notes to themselves stay on this device.
    if (this.#account.kindOf(to) === 'self') return noteToSelf(this.#account, draft);
    const { content } = await parts.host.send(draft, to, { sender: user, ...more });
    const ref = refOfContent(content, user, content.time ?? history.clock.now() / 1000);
    return { ref, leftOut: [] };
  }

  /** Sends an edit or a recall, which everybody gets. */
  async #replace(record: MessageRecord, saying: Saying, to: Replacement): Promise<void> {
    const annotation = await this.#annotation(record, saying);
    checkAllowed(record, annotation, this.#account.parts.limits);
    if (this.#isSelf) return this.#apply(annotation);
    const { draft, sn, time } = to;
    await this.#account.parts.host.send(draft, this.#peer, {
      sender: this.#account.user,
      sn,
      ...(time === undefined ? {} : { time }),
    });
  }

  /** Says something about a message to those whose programs read it. */
  async #say(ref: string, saying: Saying, draft: (target: Target) => Draft): Promise<void> {
    const record = await this.#message(ref);
    const annotation = await this.#annotation(record, saying);
    checkAllowed(record, annotation, this.#account.parts.limits);
    if (this.#isSelf) return this.#apply(annotation);
    const { protocol } = this.#account.parts.facebook;
    await this.#sendSilently(draft(targetOf(record, protocol)), `${saying.aspect} ${ref}`);
  }

  /** @param replaces - what a newer content makes void as long as it has not left */
  async #sendSilently(draft: Draft, replaces: string): Promise<void> {
    const { user, parts } = this.#account;
    const options = { sender: user, accepting: ACCEPTS_CHAT, replaces };
    await parts.host.send(draft, this.#peer, options);
  }

  async #apply(annotation: Annotation): Promise<void> {
    const { history, parts } = this.#account;
    await history.change(this.#peer.entity, this.#account.kindOf(this.#peer), async (edit) => {
      const { message } = await annotate(edit, annotation, parts.limits);
      if (message === undefined) return;
      const entry = { ref: message.ref, event: 'changed' } as const;
      history.log.write(edit.changes, edit.place, entry, history.clock.now());
    });
  }

  async #annotation(record: MessageRecord, saying: Saying): Promise<Annotation> {
    const { user, parts } = this.#account;
    const now = this.#now();
    const group = this.#peer.isGroup;
    return {
      ...saying,
      target: { refs: [record.ref] },
      author: user.entity,
      time: now,
      arrived: now,
      moderator: group && (await isModerator(parts.facebook, this.#peer, user)),
      group,
    } as Annotation;
  }

  /** @throws `identity/not-found` */
  async #message(ref: string): Promise<MessageRecord> {
    const message = await this.#account.history.message(this.#peer.entity, ref);
    if (message === undefined) {
      throw new ProtocolError('identity/not-found', 'the message must be in the conversation');
    }
    return message;
  }

  /** What the user notes for themselves stays on this device. */
  get #isSelf(): boolean {
    return this.#account.kindOf(this.#peer) === 'self';
  }

  #now(): number {
    return this.#account.history.clock.now();
  }
}

function pick<K extends string>(
  content: MessageRecord['content'],
  name: K,
): { readonly [N in K]?: string } {
  const value = ownMember(content, name);
  return (typeof value === 'string' ? { [name]: value } : {}) as { [N in K]?: string };
}

function unauthorized(): ProtocolError {
  return new ProtocolError('policy/unauthorized', 'the user must be a moderator of the group');
}
