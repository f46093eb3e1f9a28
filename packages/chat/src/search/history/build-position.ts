import { isJsonObject, type Json, parseJson } from '@dimp/foundation';

/**
 * How far the first indexing of a history has come: conversations in the order of their entities, each from its oldest message.
 * What happens to messages later is in the log of messages.
 */
export type BuildPosition =
  | { readonly done: true }
  | {
      readonly done: false;
      /** Entity of the conversation; empty at the beginning. */
      readonly id: string;
      /** Key of the last message that is in the index; empty for none. */
      readonly key: string;
    };

const BEGIN: BuildPosition = { done: false, id: '', key: '' };

/** Reads what {@link writeBuildPosition} has written; the beginning for anything else. */
export function readBuildPosition(text: string): BuildPosition {
  if (text === '') return BEGIN;
  let read: Json;
  try {
    read = parseJson(text);
  } catch {
    return BEGIN;
  }
  if (!isJsonObject(read)) return BEGIN;
  if (read['done'] === true) return { done: true };
  const { id, key } = read;
  return typeof id === 'string' && typeof key === 'string' ? { done: false, id, key } : BEGIN;
}

/** Writes a position as text. */
export function writeBuildPosition(position: BuildPosition): string {
  return JSON.stringify(position);
}
