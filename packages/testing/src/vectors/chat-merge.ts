import {
  type AnnotatedMessage,
  type Annotation,
  type Annotations,
  annotationOf,
  applyAnnotation,
  currentText,
  earlierTexts,
  findTarget,
  NO_ANNOTATIONS,
  pollResult,
  reactionCounts,
  refsAround,
  refusalOf,
  withPending,
} from '@dimp/chat/merge';
import type { Protocol } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { refOf } from '@dimp/extensions/chat';
import type { Json, JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { object, text, texts } from './case.ts';

interface Entry {
  readonly message: AnnotatedMessage;
  annotations: Annotations;
}

/** A content as it comes. */
interface Arrival {
  readonly content: Content;
  readonly sender: ID;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
}

/** A conversation in memory. */
class Conversation {
  readonly entries = new Map<string, Entry>();
  readonly refused: string[] = [];
  readonly #group: boolean;
  readonly #moderators: readonly string[];
  readonly #waiting = new Map<string, readonly Annotation[]>();

  constructor(group: boolean, moderators: readonly string[]) {
    this.#group = group;
    this.#moderators = moderators;
  }

  get waiting(): number {
    return [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0);
  }

  async take({ content, sender, arrived }: Arrival): Promise<void> {
    const time = Math.round((content.time ?? arrived / 1000) * 1000);
    const moderator = this.#moderators.includes(sender.entity);
    const source = { sender, time, arrived, moderator, group: this.#group };
    const annotation = annotationOf(content, source);
    if (annotation === undefined) this.#add(content, sender, { time, arrived });
    else {
      const found = await findTarget(annotation.target, this.#index());
      if (found === undefined) this.#wait(annotation);
      else this.#apply(found, annotation);
    }
  }

  #add(
    { kind, sn, wire }: Content,
    sender: ID,
    times: { readonly time: number; readonly arrived: number },
  ): void {
    const parts = { sender, sn, time: times.time / 1000 };
    const ref = refOf(parts);
    if (this.entries.has(ref)) return;
    const message = { author: sender.entity, ...times, kind, content: wire };
    const entry = { message, annotations: NO_ANNOTATIONS };
    this.entries.set(ref, entry);
    for (const around of refsAround(parts)) {
      for (const each of this.#waiting.get(around) ?? []) this.#apply(entry, each);
      this.#waiting.delete(around);
    }
  }

  #apply(entry: Entry, annotation: Annotation): void {
    const refusal = refusalOf(entry.message, annotation);
    if (refusal !== undefined) this.refused.push(refusal.code);
    entry.annotations = applyAnnotation(entry.message, entry.annotations, annotation);
  }

  #wait(annotation: Annotation): void {
    const [ref = ''] = annotation.target.refs;
    const before = this.#waiting.get(ref) ?? [];
    const inConversation = this.waiting;
    this.#waiting.set(ref, withPending(before, annotation, { inConversation }));
  }

  #index() {
    const all = [...this.entries.values()];
    return {
      byRef: (ref: string) => this.entries.get(ref),
      bySerial: (author: string, sn: number) =>
        all.filter(({ message }) => message.author === author && message.content['sn'] === sn),
    };
  }
}

/** Lets contents arrive in an order, and in the reverse order too, which must not matter. */
export async function mergeOperation(protocol: Protocol, input: JsonObject): Promise<JsonObject> {
  const arrivals = (input['arrivals'] as readonly JsonObject[]).map(
    (each): Arrival => ({
      content: protocol.contents.parse(object(each, 'content')),
      sender: protocol.parseID(text(each, 'sender')),
      arrived: Number(each['arrived']) * 1000,
    }),
  );
  const reader = protocol.parseID(input['reader']).entity;
  const results: Json[] = [];
  for (const order of [arrivals, [...arrivals].reverse()]) {
    const moderators = texts(input, 'moderators').map((id) => protocol.parseID(id).entity);
    const conversation = new Conversation(input['group'] === true, moderators);
    for (const arrival of order) await conversation.take(arrival);
    results.push(shown(conversation, reader, Number(input['now']) * 1000));
  }
  const [result, reversed] = results;
  if (JSON.stringify(result) !== JSON.stringify(reversed)) throw new Error('the order matters');
  return result as JsonObject;
}

function shown(conversation: Conversation, reader: string, now: number): Json {
  const messages = [...conversation.entries].map(([ref, { message, annotations }]) => [
    ref,
    {
      text: currentText(message, annotations)?.text ?? null,
      earlier: earlierTexts(message, annotations).map((each) => each.text),
      recalled_by: annotations.recalled?.by ?? null,
      reactions: reactionCounts(annotations, reader).map(({ emoji, count, mine }) => ({
        emoji,
        count,
        mine,
      })),
      pinned: annotations.pinned?.value ?? false,
      votes:
        pollResult(message, annotations, { me: reader, now })?.options.map(({ votes }) => votes) ??
        null,
    },
  ]);
  const refused = [...conversation.refused].sort();
  return { messages: Object.fromEntries(messages.sort()), refused, waiting: conversation.waiting };
}
