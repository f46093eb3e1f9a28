import { type ContentType, defineContent } from '@dimp/dkd';
import { fieldError } from '@dimp/foundation';
import {
  boolean,
  number,
  object,
  optional,
  type Schema,
  schema,
  string,
  time,
} from '@dimp/foundation/schema';
import { listOf, textUpTo } from '../fields/limited.ts';
import { type Mentions, mentions } from '../fields/mentions.ts';
import { type OwnTarget, ownTarget } from './target.ts';

/** A new text for an earlier message of the same sender, with the serial number of that message. */
export interface EditBody {
  readonly text: string;
  readonly format?: string;
  /** Seconds since the epoch. */
  readonly edited: number;
  readonly mentions?: Mentions;
  readonly origin: OwnTarget;
}

/** An edit: a text with the `sn` of the original. Clients that do not know edits show the new text. */
export const Edit: ContentType<'edit', EditBody> = /* @__PURE__ */ defineContent({
  kind: 'edit',
  match: { type: '1', action: 'edit' },
  schema: (context) =>
    object({
      text: string,
      format: optional(string),
      edited: time,
      mentions: optional(mentions(context)),
      origin: ownTarget(),
    }),
});

/** The sender takes an earlier message back. */
export interface RecallBody {
  /** What clients show that do not know recalls. */
  readonly text: string;
  readonly format?: string;
  /** Seconds since the epoch; deployed clients leave it out. */
  readonly edited?: number;
  /** No unread mark, no notification. */
  readonly muted?: boolean;
  readonly origin: OwnTarget;
}

/** A recall, as deployed clients write and read it: a text with the `sn` and `time` of the original. */
export const Recall: ContentType<'recall', RecallBody> = /* @__PURE__ */ defineContent({
  kind: 'recall',
  match: { type: '1', action: 'recall' },
  schema: () =>
    object({
      text: string,
      format: optional(string),
      edited: optional(time),
      muted: optional(boolean),
      origin: ownTarget(),
    }),
});

/** An answer that can be chosen. */
export interface PollOption {
  /** Unique in the poll. */
  readonly id: string;
  readonly text: string;
}

/** A question with answers to choose from. */
export interface PollQuestion {
  readonly question: string;
  /** 2 to 12. */
  readonly options: readonly PollOption[];
  /** Whether a voter may choose several. */
  readonly several?: boolean;
  /** When voting ends, in seconds since the epoch. */
  readonly until?: number;
}

/** A poll, with the question and its answers as text for clients that do not know polls. */
export interface PollBody {
  readonly text: string;
  readonly poll: PollQuestion;
}

/** A poll. Make its body with {@link pollBody}. */
export const Poll: ContentType<'poll', PollBody> = /* @__PURE__ */ defineContent({
  kind: 'poll',
  match: { type: '1', action: 'poll' },
  schema: () =>
    object({
      text: string,
      poll: pollQuestion(),
    }),
});

/** Schema of {@link PollQuestion}, for programs that store the content as it came. */
export function pollQuestion(): Schema<PollQuestion> {
  const question = object({
    question: textUpTo(500),
    options: listOf(object({ id: textUpTo(32), text: textUpTo(200) }), 2, 12),
    several: optional(boolean),
    until: optional(time),
  });
  return schema<PollQuestion>((value, field) => {
    const read = question.decode(value, field);
    if (new Set(read.options.map(({ id }) => id)).size < read.options.length) {
      throw fieldError('options', 'must have different identifiers');
    }
    return read;
  }, question.encode);
}

/** The body of a poll, with its text for clients that do not know polls. */
export function pollBody(poll: PollQuestion): PollBody {
  const lines = poll.options.map(({ text }, at) => `${at + 1}. ${text}`);
  return { text: [`📊 ${poll.question}`, ...lines].join('\n'), poll };
}

/** A place on the earth. */
export interface LocationBody {
  /** What clients show that do not know locations. */
  readonly text: string;
  readonly location: {
    /** Degrees, positive in the north. */
    readonly latitude: number;
    /** Degrees, positive in the east. */
    readonly longitude: number;
    /** Meters. */
    readonly accuracy?: number;
    readonly name?: string;
  };
}

/** A location. */
export const Location: ContentType<'location', LocationBody> = /* @__PURE__ */ defineContent({
  kind: 'location',
  match: { type: '1', action: 'location' },
  schema: () =>
    object({
      text: string,
      location: object({
        latitude: number,
        longitude: number,
        accuracy: optional(number),
        name: optional(textUpTo(200)),
      }),
    }),
});
