import type { JsonObject } from '@dimp/foundation';

/** Which message an annotation is about. At least one of `refs` and `sn` is set. */
export interface TargetName {
  /** Names that the message may have, the most certain first. */
  readonly refs: readonly string[];
  /** Entity of its author. */
  readonly author?: string;
  /** Its serial number. */
  readonly sn?: number;
}

/** What every annotation has. Plain JSON, so that it can be stored until its message arrives. */
interface AnnotationBase {
  readonly target: TargetName;
  /** Entity of the sender of the annotation. */
  readonly author: string;
  /** When its author says that it was made, in milliseconds since the epoch. */
  readonly time: number;
  /** When it arrived here or was sent, in milliseconds since the epoch. */
  readonly arrived: number;
  /** Whether its author was the owner or an administrator of the group when it arrived. */
  readonly moderator: boolean;
  /** Whether the conversation is a group. */
  readonly group: boolean;
}

/** A new text for a message of the same author. */
export interface EditAnnotation extends AnnotationBase {
  readonly aspect: 'edit';
  readonly value: EditedText;
  /** Set if it edits the text below a file. */
  readonly file?: FileMark;
}

/** The text of an edit. */
export interface EditedText {
  readonly text: string;
  readonly format?: string;
  /** As on the wire. */
  readonly mentions?: 'all' | readonly JsonObject[];
}

/** What shows that two contents have the same file. */
export interface FileMark {
  /** Type of the content as decimal text. */
  readonly type: string;
  readonly URL?: string;
  /** SHA-256 as on the wire. */
  readonly sha256?: string;
}

/** The author takes a message back. */
export interface RecallAnnotation extends AnnotationBase {
  readonly aspect: 'recall';
}

/** A moderator removes a message from a group. */
export interface RemoveAnnotation extends AnnotationBase {
  readonly aspect: 'remove';
  readonly reason?: string;
}

/** All reactions of a user to a message. */
export interface ReactionAnnotation extends AnnotationBase {
  readonly aspect: 'reaction';
  readonly value: readonly string[];
}

/** The whole vote of a user in a poll. */
export interface VoteAnnotation extends AnnotationBase {
  readonly aspect: 'vote';
  readonly value: readonly string[];
}

/** The author ends a poll. */
export interface CloseAnnotation extends AnnotationBase {
  readonly aspect: 'close';
}

/** A message is pinned, or no longer. */
export interface PinAnnotation extends AnnotationBase {
  readonly aspect: 'pin';
  readonly value: boolean;
}

/** Something that was said about a message later. */
export type Annotation =
  | EditAnnotation
  | RecallAnnotation
  | RemoveAnnotation
  | ReactionAnnotation
  | VoteAnnotation
  | CloseAnnotation
  | PinAnnotation;

/** The message that annotations are applied to. */
export interface AnnotatedMessage {
  /** Entity of its author. */
  readonly author: string;
  /** When its author says that it was written, in milliseconds since the epoch. */
  readonly time: number;
  /** When it arrived here or was sent, in milliseconds since the epoch. */
  readonly arrived: number;
  /** Kind of its content. */
  readonly kind: string;
  /** The content as on the wire; the bytes of files may be left out. */
  readonly content: JsonObject;
}
