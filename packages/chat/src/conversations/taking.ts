import type { ServiceContext, ServiceMessage, Taken } from '@dimp/client';
import { type Content, isContentOf } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { ReadMark, Timer, Typing } from '@dimp/extensions/chat';
import { equalJson, ownMember, ProtocolError } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { ChatRecord } from '../history/chat-record.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import type { History } from '../history/history.ts';
import { MAX_COPIES, type MessageRecord } from '../history/message-record.ts';
import { stampOf } from '../history/order.ts';
import { dataPath, type Place } from '../history/paths.ts';
import { annotationOf } from '../merge/annotation-of.ts';
import type { MergeLimits } from '../merge/rules.ts';
import { refsAround } from '../merge/target.ts';
import { annotate, applyWaiting, findMessage } from './annotating.ts';
import { type ContentRole, isAlbum, isFirstOf, kindOfMessage, roleOf } from './content-role.ts';
import { mentionsUser } from './mentions.ts';
import { type NewMessage, newMessage, timeOf, withoutCopy } from './message-of.ts';
import { conversationOf } from './place-of.ts';
import { readBy } from './readers.ts';
import { isModerator } from './rights.ts';
import { isMuted } from './summary.ts';
import { noteTimer } from './timer.ts';

/** Longest life of a message that disappears and is never read, in milliseconds: 30 days. */
const UNREAD_LIFE_MS = 30 * 86_400_000;
/** Most messages of a stranger before the user answers. */
const MAX_REQUEST = 1000;
/** Senders whose last message a conversation remembers. */
const MAX_SENDERS = 4;

/** Options for {@link Taking}. */
export interface TakingParts {
  readonly facebook: Facebook;
  readonly history: (user: ID) => History;
  readonly limits: MergeLimits;
  /** A peer types, or has stopped. */
  readonly onTyping: (place: Place, sender: ID, typing: boolean) => void;
  /** A second message came under the name of one that is here. */
  readonly onConflict: (place: Place, ref: string) => void;
  /** A stranger has begun a conversation, or invited the user into a group. */
  readonly onRequest: (place: Place) => void;
  /** A message is on disk. */
  readonly onMessage: (place: Place, message: MessageRecord) => void;
}

/** An incoming message and its conversation. */
interface Coming {
  readonly message: ServiceMessage;
  readonly history: History;
  readonly edit: ConversationEdit;
  readonly peer: ID;
  readonly sender: ID;
  /** The user knows the peer: a contact, or a peer whom they have written to or accepted. */
  readonly known: boolean;
}

/** Nothing is written, and the sender gets no receipt. */
const DROPPED: Taken = { passOn: false };
/** Nothing is written, but the sender gets a receipt. */
const DONE: Taken = { changes: [], passOn: false };
/** It is not for conversations. */
const NOT_OURS: Taken = {};

/** Takes incoming messages into the history, and applies what they say about earlier ones. */
export class Taking {
  readonly #parts: TakingParts;

  constructor(parts: TakingParts) {
    this.#parts = parts;
  }

  async take(message: ServiceMessage, context: ServiceContext): Promise<Taken> {
    const { envelope, content, user } = message;
    const conversation = conversationOf(envelope, content, user);
    const role = roleOf(content);
    if (conversation === undefined || role === 'neither' || message.isEvidence) return NOT_OURS;
    const history = this.#parts.history(user);
    const { entity } = conversation.with;
    const edit = await history.edit(context, entity, conversation.kind);
    if (edit.chat.blocked && conversation.kind === 'person') {
      throw new ProtocolError('policy/blocked', 'the sender is blocked');
    }
    const { sender } = envelope;
    const known = await this.#isKnown(edit, conversation.with, sender, user);
    return this.#take({ message, history, edit, peer: conversation.with, sender, known }, role);
  }

  async #take(coming: Coming, role: ContentRole): Promise<Taken> {
    const { message, edit, sender, known } = coming;
    const { content } = message;
    if (role === 'typing') {
      // Before anything is written: a stranger must not cause work.
      if (!known || edit.isNew || sameEntity(sender, message.user)) return DROPPED;
      this.#parts.onTyping(edit.place, sender, isContentOf(content, Typing));
      return DROPPED;
    }
    if (role === 'read') {
      if (!known || edit.isNew || !isContentOf(content, ReadMark)) return DROPPED;
      await readBy(edit, sender.entity, content.body.upto, await this.#memberCheck(coming));
      return this.#done(coming);
    }
    if (role === 'timer' && isContentOf(content, Timer)) {
      if (!known) return DONE;
      const moderator = await this.#isModerator(coming);
      await noteTimer(edit, content, {
        by: sender,
        time: this.#time(coming),
        arrived: message.arrived,
        allowed: !coming.peer.isGroup || moderator,
      });
      return this.#done(coming);
    }
    return role === 'annotation' ? this.#takeAnnotation(coming) : this.#takeMessage(coming);
  }

  async #takeAnnotation(coming: Coming): Promise<Taken> {
    const { message, history, edit, sender, peer } = coming;
    const { content, arrived } = message;
    const annotation = annotationOf(content, {
      sender,
      time: this.#time(coming),
      arrived,
      moderator: await this.#isModerator(coming),
      group: peer.isGroup,
    });
    if (annotation === undefined) return DONE;
    if (!coming.known && (await findMessage(edit, annotation.target)) === undefined) {
      // What a stranger says about a message that is not here does not wait for it, but an edit is a text.
      return annotation.aspect === 'edit' ? this.#takeMessage(coming) : DONE;
    }
    const shown =
      annotation.aspect === 'edit'
        ? (await this.#newMessage(coming, content, kindOfMessage(content))).message
        : undefined;
    const { message: changed } = await annotate(edit, annotation, this.#parts.limits, shown);
    if (changed !== undefined) {
      history.log.write(
        edit.changes,
        edit.place,
        { ref: changed.ref, event: 'changed' },
        history.clock.now(),
      );
      this.#followSender(edit, message, sender, changed.stamp);
    }
    return this.#done(coming);
  }

  async #takeMessage(coming: Coming): Promise<Taken> {
    const { message, edit, sender, history } = coming;
    const { array } = message;
    const album = array !== undefined && isAlbum(array);
    // The pictures of an album are one message.
    if (album && !isFirstOf(array, message.content)) return DONE;
    const made = album
      ? await this.#newMessage(coming, array, 'album')
      : await this.#newMessage(coming, message.content, kindOfMessage(message.content));
    const address = await edit.address(made.message.ref);
    if (address?.gone !== undefined) return DONE;
    if (address !== undefined) return this.#takeAgain(coming, made.message);

    if (!coming.known && edit.chat.count >= MAX_REQUEST) {
      throw new ProtocolError('policy/blocked', 'a stranger must wait for an answer');
    }
    const added = await this.#add(coming, made);
    const seconds = timeOf(message.content, message.envelope.time);
    const refs = refsAround({ sender, sn: (album ? array : message.content).sn, time: seconds });
    const final = await applyWaiting(edit, added, refs, this.#parts.limits);
    history.log.write(
      edit.changes,
      edit.place,
      { ref: final.ref, event: 'added', incoming: final.out !== true },
      history.clock.now(),
    );
    return this.#done(coming, () => {
      if (edit.isNew && edit.chat.request !== undefined) this.#parts.onRequest(edit.place);
      this.#parts.onMessage(edit.place, final);
    });
  }

  /** Adds a message, and what follows from it for its conversation. */
  async #add(
    { message, edit, peer, known, sender }: Coming,
    made: NewMessage,
  ): Promise<MessageRecord> {
    const { request, archived } = edit.chat;
    if (edit.isNew && !known) edit.set({ request: peer.isGroup ? 'invited' : 'unknown sender' });
    else if (request !== undefined && known) edit.set({ request: undefined });
    if (archived && !isMuted(edit.chat, message.arrived)) edit.set({ archived: undefined });
    if (made.data !== undefined) {
      edit.changes.set(dataPath(edit.place, made.message.ref), made.data);
    }
    const added = await edit.add(made.message);
    this.#followSender(edit, message, sender, added.stamp);
    return added;
  }

  /** A message that is here: another copy of it, or another message under its name. */
  async #takeAgain(coming: Coming, again: MessageRecord): Promise<Taken> {
    const { edit, message } = coming;
    const known = await edit.message(again.ref);
    if (known === undefined) return DONE;
    const isSame =
      known.annotations?.recalled !== undefined ||
      equalJson(withoutCopy(known.content), withoutCopy(again.content));
    if (!isSame) this.#parts.onConflict(edit.place, again.ref);
    if (!isSame || known.ids.includes(message.id) || known.ids.length >= MAX_COPIES) return DONE;
    await edit.replace(known, { ...known, ids: [...known.ids, message.id] });
    return this.#done(coming);
  }

  async #newMessage(
    { message, edit, peer, sender }: Coming,
    content: Content,
    kind: string,
  ): Promise<NewMessage> {
    const { facebook } = this.#parts;
    const { user, arrived, written, envelope, id } = message;
    const out = sameEntity(sender, user);
    const after = edit.chat.senders.find(
      (each) => each.by === sender.entity && each.id === ownMember(content.wire, 'after'),
    )?.stamp;
    const { message: made, data } = newMessage(content, kind, {
      id,
      sender,
      sentTime: envelope.time,
      arrived,
      stamp: stampOf({ time: written, arrived, after }),
      protocol: facebook.protocol,
    });
    const text = ownMember(made.content, 'text');
    const mentionsMe =
      !out &&
      peer.isGroup &&
      typeof text === 'string' &&
      (await mentionsUser(facebook, { wire: made.content, text, sender }, peer, user));
    const quiet = ownMember(content.wire, 'muted') === true;
    return {
      message: {
        ...made,
        ...(out ? { out: true, state: 'sent' as const } : {}),
        ...(mentionsMe ? { mentionsMe } : {}),
        ...(quiet ? { quiet } : {}),
        ...(made.vanish === undefined ? {} : { vanishesAt: arrived + UNREAD_LIFE_MS }),
      },
      data,
    };
  }

  /** Remembers the last message of a sender, because the next one names it. */
  #followSender(
    edit: ConversationEdit,
    { id }: ServiceMessage,
    { entity: by }: ID,
    stamp: number,
  ): void {
    // The contents of an array have the name of the array and a number.
    const [name = id] = id.split('#');
    const others = edit.chat.senders.filter((each) => each.by !== by);
    edit.set({ senders: [...others, { by, id: name, stamp }].slice(-MAX_SENDERS) });
  }

  async #done({ history, edit }: Coming, then?: () => void): Promise<Taken> {
    await edit.finish();
    return {
      changes: edit.changes.all(),
      passOn: false,
      written: () => {
        history.written(edit);
        then?.();
      },
    };
  }

  #time({ message: { content, envelope } }: Coming): number {
    return Math.round(timeOf(content, envelope.time) * 1000);
  }

  async #isModerator({ peer, sender }: Coming): Promise<boolean> {
    return peer.isGroup && isModerator(this.#parts.facebook, peer, sender);
  }

  async #memberCheck({ peer, sender }: Coming): Promise<boolean> {
    return !peer.isGroup || (await this.#parts.facebook.maySpeak(peer, sender));
  }

  async #isKnown(edit: ConversationEdit, peer: ID, sender: ID, user: ID): Promise<boolean> {
    const { accepted, request }: ChatRecord = edit.chat;
    if (accepted || (!edit.isNew && request === undefined)) return true;
    if (sameEntity(sender, user) || sameEntity(peer, user)) return true;
    const { facebook } = this.#parts;
    for (const each of peer.isGroup ? [peer, sender] : [peer]) {
      if ((await facebook.contact(user, each)) !== undefined) return true;
    }
    if (!peer.isGroup) return false;
    const owner = await facebook.owner(peer);
    if (owner === undefined) return false;
    return sameEntity(owner, user) || (await facebook.contact(user, owner)) !== undefined;
  }
}
