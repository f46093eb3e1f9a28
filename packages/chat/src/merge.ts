/**
 * The rules by which edits, recalls, reactions, votes and pins change a message, as pure functions over plain JSON: the same result
 * for any order and any repetition. `Chats` applies them; they are here for programs with a history of their own.
 *
 * @module
 */
export type {
  AnnotatedMessage,
  Annotation,
  EditedText,
  FileMark,
  TargetName,
} from './merge/annotation.ts';
export { type AnnotationSource, annotationOf } from './merge/annotation-of.ts';
export {
  type Annotations,
  applyAnnotation,
  NO_ANNOTATIONS,
  type RecallMark,
  type VoterVotes,
} from './merge/apply.ts';
export {
  isLateEdit,
  LATE_EDIT_MS,
  MAX_PENDING,
  PENDING_MS,
  unexpired,
  withPending,
} from './merge/pending.ts';
export type { AuthorRegister, Register } from './merge/register.ts';
export { type MergeLimits, refusalOf } from './merge/rules.ts';
export { findTarget, refsAround, type TargetIndex } from './merge/target.ts';
export {
  currentText,
  earlierTexts,
  type PollOptions,
  pollResult,
  reactionCounts,
} from './merge/view.ts';
