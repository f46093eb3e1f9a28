import type { Content } from '@dimp/dkd';
import type { JsonObject } from '@dimp/foundation';
import type { ChatRecord } from '../history/chat-record.ts';
import { roleOf } from './content-role.ts';

/** Members of a draft that its content type does not know, by its body. */
const MORE = /* @__PURE__ */ new WeakMap<object, JsonObject>();

/** Adds members to the content that a draft will become, such as the message that a picture answers. */
export function withMembers<D extends { readonly body: unknown }>(draft: D, more: JsonObject): D {
  if (typeof draft.body !== 'object' || draft.body === null) return draft;
  // A body of its own, so that another draft with the same body is not changed.
  const body = { ...draft.body };
  MORE.set(body, { ...MORE.get(draft.body), ...more });
  return { ...draft, body };
}

/** The members that were added to a draft. */
export function addedMembers({ body }: { readonly body: unknown }): JsonObject {
  return (typeof body === 'object' && body !== null ? MORE.get(body) : undefined) ?? {};
}

/** Further members of an outgoing content: those that were added to its draft, and the lifetime of new messages. */
export function membersFor(content: Content, chat: ChatRecord | undefined): JsonObject {
  const seconds = chat?.timer?.seconds ?? 0;
  // Edits and recalls have the lifetime of their message.
  const vanishes = seconds > 0 && roleOf(content) === 'message';
  return { ...addedMembers(content), ...(vanishes ? { vanish: seconds } : {}) };
}
