import { corruptRecord, decodePart, decodeRecordObject } from '@dimp/endpoint';
import {
  definedOnly,
  equalJson,
  isJsonObject,
  type Json,
  type JsonObject,
  ProtocolError,
} from '@dimp/foundation';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import {
  annotated,
  type MessageRecord,
  messageFromJson,
  messageToJson,
} from '../history/message-record.ts';
import { dataPath, pendingPath } from '../history/paths.ts';
import type { Annotation, TargetName } from '../merge/annotation.ts';
import { applyAnnotation, NO_ANNOTATIONS } from '../merge/apply.ts';
import { isLateEdit, unexpired, withPending } from '../merge/pending.ts';
import { type MergeLimits, refusalOf } from '../merge/rules.ts';
import { findTarget } from '../merge/target.ts';

/** Pages that are searched for a message that is named by its serial number only. */
const SEARCHED_PAGES = 2;
/** Longer messages are not found by their serial number only: each such search would read up to 256 of them. */
const SEARCHED_BYTES = 16 * 1024;
/** Most pinned messages of a conversation; the first ones are no longer shown then. */
const MAX_PINS = 64;

/** What became of an annotation. */
export interface Annotated {
  /** The message as it is now; undefined if the annotation waits, or changes nothing. */
  readonly message?: MessageRecord;
}

/**
 * Applies an annotation to its message, or keeps it until the message comes.
 *
 * @param shown - for an edit: the message that it becomes if its own never comes
 * @throws `policy/unauthorized`, `policy/expired`, `format/field` for an annotation that its sender may not make
 */
export async function annotate(
  edit: ConversationEdit,
  annotation: Annotation,
  limits: MergeLimits,
  shown?: MessageRecord,
): Promise<Annotated> {
  const target = await findMessage(edit, annotation.target);
  if (target !== undefined) {
    const refusal = refusalOf(annotated(target), annotation, limits);
    if (refusal !== undefined) throw refusal;
    return applied(edit, target, annotation, limits);
  }
  if (await isGone(edit, annotation.target)) return {};
  await wait(edit, annotation, shown);
  return {};
}

/** Applies what has waited for a message that is here now. What may not change it is dropped. */
export async function applyWaiting(
  edit: ConversationEdit,
  message: MessageRecord,
  refs: readonly string[],
  limits: MergeLimits,
): Promise<MessageRecord> {
  let current = message;
  if (edit.chat.pending === 0) return current;
  for (const ref of new Set(refs)) {
    const waiting = await waitingFor(edit, ref);
    if (waiting.annotations.length === 0) continue;
    edit.changes.delete(pendingPath(edit.place, ref));
    edit.set({ pending: Math.max(0, edit.chat.pending - waiting.annotations.length) });
    for (const annotation of waiting.annotations) {
      if (refusalOf(annotated(current), annotation, limits) !== undefined) continue;
      current = (await applied(edit, current, annotation, limits)).message ?? current;
    }
  }
  return current;
}

/** Removes annotations that have waited too long. @returns edits that are shown as messages now */
export async function sweepWaiting(
  edit: ConversationEdit,
  now: number,
): Promise<readonly MessageRecord[]> {
  const shown: MessageRecord[] = [];
  let left = 0;
  for await (const [path, bytes] of edit.changes.list([
    'pending',
    edit.place.user,
    edit.place.id,
  ])) {
    const waiting = await edit.orDamaged(async () => decodeWaiting(bytes));
    if (waiting === undefined) {
      edit.changes.delete(path);
      continue;
    }
    const late = waiting.shown !== undefined && waiting.annotations.some((a) => isLateEdit(a, now));
    if (late && waiting.shown !== undefined) shown.push(waiting.shown);
    const fresh = unexpired(waiting.annotations, now);
    const annotations = late ? fresh.filter(({ aspect }) => aspect !== 'edit') : fresh;
    left += annotations.length;
    if (annotations.length === 0) edit.changes.delete(path);
    else if (annotations.length < waiting.annotations.length) {
      edit.changes.set(path, waitingToJson({ annotations }));
    }
  }
  if (left !== edit.chat.pending) edit.set({ pending: left });
  return shown;
}

/** Finds the message that an annotation is about. */
export function findMessage(
  edit: ConversationEdit,
  target: TargetName,
): Promise<MessageRecord | undefined> {
  return findTarget(target, {
    byRef: (ref) => edit.message(ref),
    bySerial: (author, sn) => bySerial(edit, author, sn),
  });
}

async function bySerial(
  edit: ConversationEdit,
  author: string,
  sn: number,
): Promise<readonly MessageRecord[]> {
  const messages = await edit.newest(SEARCHED_PAGES, SEARCHED_BYTES);
  return messages.filter((each) => each.sender === author && each.content['sn'] === sn);
}

async function applied(
  edit: ConversationEdit,
  target: MessageRecord,
  annotation: Annotation,
  limits: MergeLimits,
): Promise<Annotated> {
  const known = target.annotations ?? NO_ANNOTATIONS;
  const annotations = applyAnnotation(annotated(target), known, annotation, limits);
  if (equalJson(annotations as Json, known as Json)) return {};
  const recalled = annotations.recalled !== undefined;
  const { text: _, ...rest } = target;
  const message: MessageRecord = recalled
    ? { ...rest, content: withoutWords(target.content), annotations }
    : { ...target, annotations };
  await edit.replace(target, message);
  if (recalled) edit.changes.delete(dataPath(edit.place, target.ref));
  setPin(edit, message);
  return { message };
}

/** What is left of a recalled message: what names it. */
function withoutWords({ type, sn, time }: JsonObject): JsonObject {
  return definedOnly({ type, sn, time });
}

/** The conversation lists its pinned messages, so that they need not be searched. */
function setPin(edit: ConversationEdit, { ref, annotations }: MessageRecord): void {
  const pinned = annotations?.pinned?.value === true;
  const { pins } = edit.chat;
  if (pinned === pins.includes(ref)) return;
  edit.set({
    pins: pinned ? [...pins, ref].slice(-MAX_PINS) : pins.filter((each) => each !== ref),
  });
}

async function isGone(edit: ConversationEdit, { refs }: TargetName): Promise<boolean> {
  for (const ref of refs) {
    if ((await edit.address(ref))?.gone !== undefined) return true;
  }
  return false;
}

/** Annotations that wait for one message. */
interface Waiting {
  readonly annotations: readonly Annotation[];
  readonly shown?: MessageRecord;
}

async function wait(
  edit: ConversationEdit,
  annotation: Annotation,
  shown: MessageRecord | undefined,
): Promise<void> {
  const [ref] = annotation.target.refs;
  if (ref === undefined) return;
  const waiting = await waitingFor(edit, ref);
  const inConversation = edit.chat.pending;
  const annotations = withPending(waiting.annotations, annotation, { inConversation });
  if (annotations === waiting.annotations) return;
  const message = waiting.shown ?? shown;
  edit.changes.set(
    pendingPath(edit.place, ref),
    waitingToJson({ annotations, ...(message === undefined ? {} : { shown: message }) }),
  );
  edit.set({ pending: inConversation + 1 });
}

async function waitingFor(edit: ConversationEdit, ref: string): Promise<Waiting> {
  const waiting = await edit.orDamaged(async () => {
    const bytes = await edit.changes.get(pendingPath(edit.place, ref));
    return bytes && decodeWaiting(bytes);
  });
  return waiting ?? { annotations: [] };
}

function waitingToJson({ annotations, shown }: Waiting): JsonObject {
  return {
    annotations: annotations as unknown as readonly JsonObject[],
    ...(shown === undefined ? {} : { shown: messageToJson(shown) }),
  };
}

/** @throws `store/corrupt` */
function decodeWaiting(bytes: Uint8Array): Waiting {
  const { annotations, shown } = decodeRecordObject(bytes, 'waiting annotations');
  if (!Array.isArray(annotations) || !annotations.every(isAnnotation)) {
    throw corruptRecord('waiting annotations');
  }
  return {
    annotations,
    ...(isJsonObject(shown)
      ? { shown: decodePart('waiting annotations', () => messageFromJson(shown)) }
      : {}),
  };
}

/** It was checked when it came, so an object of another form is damage. */
function isAnnotation(value: unknown): value is Annotation {
  if (!isJsonObject(value)) return false;
  const { aspect, author, time, arrived, target } = value;
  return (
    typeof aspect === 'string' &&
    typeof author === 'string' &&
    typeof time === 'number' &&
    typeof arrived === 'number' &&
    isJsonObject(target) &&
    Array.isArray(target['refs'])
  );
}

/** Throws the refusal of an own annotation before it is sent. */
export function checkAllowed(
  target: MessageRecord | undefined,
  annotation: Annotation,
  limits: MergeLimits,
): asserts target is MessageRecord {
  if (target === undefined) {
    throw new ProtocolError('identity/not-found', 'the message must be in the conversation');
  }
  const refusal = refusalOf(annotated(target), annotation, limits);
  if (refusal !== undefined) throw refusal;
  if (target.annotations?.recalled !== undefined) {
    throw new ProtocolError('policy/expired', 'the message must not be recalled');
  }
}
