import type { OutgoingRecord, Sent, ServiceContext } from '@dimp/client';
import { type Content, isContentOf } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { Timer } from '@dimp/extensions/chat';
import { isProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import type { History } from '../history/history.ts';
import type { MessageRecord } from '../history/message-record.ts';
import { toStamp } from '../history/order.ts';
import { dataPath, openPath } from '../history/paths.ts';
import { annotationOf } from '../merge/annotation-of.ts';
import type { MergeLimits } from '../merge/rules.ts';
import { annotate } from './annotating.ts';
import { roleOf } from './content-role.ts';
import { newMessage, timeOf } from './message-of.ts';
import { conversationOf } from './place-of.ts';
import { isModerator } from './rights.ts';
import { noteTimer } from './timer.ts';

/** Two own messages of one moment are at most this far apart, in milliseconds. */
const SAME_MOMENT_MS = 1000;

/** Options for {@link Sending}. */
export interface SendingParts {
  readonly facebook: Facebook;
  readonly history: (user: ID) => History;
  readonly limits: MergeLimits;
}

/** Puts outgoing messages into the history, in the batch that puts them into the outbox. */
export class Sending {
  readonly #parts: SendingParts;

  constructor(parts: SendingParts) {
    this.#parts = parts;
  }

  async sent(record: OutgoingRecord, context: ServiceContext): Promise<Sent> {
    const { sender, receiver, created } = record;
    const content = this.#read(record);
    const conversation = conversationOf({ sender, receiver }, content, sender);
    const role = roleOf(content);
    if (conversation === undefined || role === 'neither' || role === 'typing') return {};
    const history = this.#parts.history(sender);
    const edit = await history.edit(context, conversation.with.entity, conversation.kind);
    if (role === 'timer' && isContentOf(content, Timer)) {
      const time = Math.round(timeOf(content, created / 1000) * 1000);
      await noteTimer(edit, content, { by: sender, time, arrived: created, allowed: true });
    } else if (role === 'message' || role === 'annotation') {
      await this.#sent(history, edit, content, record, conversation.with);
    }
    await edit.finish();
    return { changes: edit.changes.all(), written: () => history.written(edit) };
  }

  async #sent(
    history: History,
    edit: ConversationEdit,
    content: Content,
    record: OutgoingRecord,
    peer: ID,
  ): Promise<void> {
    const { sender, created } = record;
    const log = (ref: string, event: 'added' | 'changed'): void =>
      history.log.write(edit.changes, edit.place, { ref, event }, history.clock.now());
    const annotation = annotationOf(content, {
      sender,
      time: Math.round(timeOf(content, created / 1000) * 1000),
      arrived: created,
      moderator: peer.isGroup && (await isModerator(this.#parts.facebook, peer, sender)),
      group: peer.isGroup,
    });
    if (annotation === undefined) {
      const message = await this.#add(edit, content, record);
      if (message !== undefined) log(message.ref, 'added');
      return;
    }
    const { message } = await annotate(edit, annotation, this.#parts.limits);
    if (message !== undefined) log(message.ref, 'changed');
  }

  async #add(
    edit: ConversationEdit,
    content: Content,
    { id, sender, created }: OutgoingRecord,
  ): Promise<MessageRecord | undefined> {
    edit.set({ accepted: true, request: undefined, archived: undefined });
    const { message, data } = newMessage(content, content.kind, {
      id,
      sender,
      sentTime: created / 1000,
      arrived: created,
      stamp: stampFor(created, edit.chat.last?.stamp),
      protocol: this.#parts.facebook.protocol,
    });
    const { vanish, ref } = message;
    if ((await edit.address(ref)) !== undefined) return undefined;
    if (data !== undefined) edit.changes.set(dataPath(edit.place, ref), data);
    edit.changes.set(openPath(edit.place, ref), id);
    return edit.add({
      ...message,
      out: true,
      state: 'queued',
      ...(vanish === undefined ? {} : { vanishesAt: created + vanish * 1000 }),
    });
  }

  /** It was stamped by this program; a content that its type refuses now is shown by its text. */
  #read({ content }: OutgoingRecord): Content {
    const { contents } = this.#parts.facebook.protocol;
    try {
      return contents.parse(content);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      return contents.parseAsUnknown(content);
    }
  }
}

/** Time of sending; behind the message before if both are of one moment. */
function stampFor(created: number, last: number | undefined): number {
  const stamp = toStamp(created);
  const isSame = last !== undefined && last >= stamp && last - stamp < SAME_MOMENT_MS;
  return isSame ? toStamp(last + 1) : stamp;
}
