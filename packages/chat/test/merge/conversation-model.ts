import { createProtocol } from '@dimp/core';
import type { Content, Draft } from '@dimp/dkd';
import { chat, refOf } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { type ID, sameEntity } from '@dimp/mkm';
import type { AnnotatedMessage, Annotation } from '../../src/merge/annotation.ts';
import { annotationOf } from '../../src/merge/annotation-of.ts';
import { type Annotations, applyAnnotation, NO_ANNOTATIONS } from '../../src/merge/apply.ts';
import { withPending } from '../../src/merge/pending.ts';
import { refusalOf } from '../../src/merge/rules.ts';
import { findTarget, refsAround, type TargetIndex } from '../../src/merge/target.ts';

export const protocol = createProtocol(standard(), chat());
export const [alice, bob, carol, dave] = [
  '0x7950da97AdBd80a84fc46bC66CBee786Aa3ef0Be',
  '1JxwoorRPu1A7r9TgQqv7Fzin8d2AkqavF',
  'carol@18WCsoZhc7UpgT1wtGGV4pMQkc5RW3KXvQ',
  'dave@18WCsoZhc7UpgT1wtGGV4pMQkc5RW3KXvQ',
].map((text) => protocol.parseID(text)) as [ID, ID, ID, ID];

/** When the conversations of these tests begin, in milliseconds since the epoch. */
export const START = 1_795_399_990_500;

/** A content on its way, as the wire has it. */
export interface Sent {
  readonly sender: ID;
  readonly content: Content;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
}

/** Writes a content and reads it again, as it travels. */
export function sent(
  sender: ID,
  draft: Draft,
  { sn, at = START, arrived = at }: { sn: number; at?: number; arrived?: number },
): Sent {
  const { wire } = protocol.contents.stamp(draft as Parameters<typeof protocol.contents.stamp>[0], {
    sn,
    time: at / 1000,
  });
  return { sender, arrived, content: protocol.contents.parse(JSON.parse(JSON.stringify(wire))) };
}

/** The target of an annotation. */
export function targetOf({ sender, content: { sn, time = 0 } }: Sent) {
  return { sender, sn, time, ref: refOf({ sender, sn, time }) };
}

/** A message of the model, with everything that was said about it. */
export interface Entry {
  readonly message: AnnotatedMessage;
  readonly annotations: Annotations;
}

/** A conversation in memory, which keeps nothing but JSON. */
export class ConversationModel {
  /** Entities of the owner and the administrators. */
  readonly moderators: readonly ID[];
  readonly group: boolean;
  readonly refused: string[] = [];
  #text = JSON.stringify({ entries: {}, pending: {} });

  constructor({ group = false, moderators = [] }: { group?: boolean; moderators?: readonly ID[] }) {
    this.group = group;
    this.moderators = moderators;
  }

  get entries(): Readonly<Record<string, Entry>> {
    return this.#read().entries;
  }

  get pending(): readonly Annotation[] {
    return Object.values(this.#read().pending).flat();
  }

  async take({ sender, content, arrived }: Sent): Promise<void> {
    const state = this.#read();
    const time = Math.round((content.time ?? arrived / 1000) * 1000);
    const moderator = this.moderators.some((each) => sameEntity(each, sender));
    const source = { sender, time, arrived, moderator, group: this.group };
    const annotation = annotationOf(content, source);
    if (annotation !== undefined) {
      const found = await findTarget(annotation.target, indexOf(state.entries));
      if (found !== undefined) this.#apply(found, annotation);
      else {
        const [ref = ''] = annotation.target.refs;
        const inConversation = this.pending.length;
        state.pending[ref] = withPending(state.pending[ref] ?? [], annotation, { inConversation });
      }
    } else {
      const { sn } = content;
      const ref = refOf({ sender, sn, time: time / 1000 });
      if (state.entries[ref] !== undefined) return;
      const { kind, wire } = content;
      const message = { author: sender.entity, time, arrived, kind, content: wire };
      const entry = { message, annotations: NO_ANNOTATIONS };
      state.entries[ref] = entry;
      for (const around of refsAround({ sender, sn, time: time / 1000 })) {
        for (const each of state.pending[around] ?? []) this.#apply(entry, each);
        delete state.pending[around];
      }
    }
    this.#text = JSON.stringify(state);
  }

  #apply(entry: Writable, annotation: Annotation): void {
    const refusal = refusalOf(entry.message, annotation);
    if (refusal !== undefined) this.refused.push(refusal.code);
    entry.annotations = applyAnnotation(entry.message, entry.annotations, annotation);
  }

  #read(): { entries: Record<string, Writable>; pending: Record<string, readonly Annotation[]> } {
    return JSON.parse(this.#text);
  }
}

type Writable = { -readonly [K in keyof Entry]: Entry[K] };

function indexOf(entries: Record<string, Writable>): TargetIndex<Writable> {
  return {
    byRef: (ref) => entries[ref],
    bySerial: (author, sn) =>
      Object.values(entries).filter(
        ({ message }) => message.author === author && message.content['sn'] === sn,
      ),
  };
}
