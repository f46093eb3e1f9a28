import type { Content } from '@dimp/dkd';
import { EntityType, type ID } from '@dimp/mkm';

/** Kinds of contents that the messenger processes itself (spec §11.5). Handlers never get them. */
export const STANDARD_KINDS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'array',
  'documents',
  'forward',
  'handshake',
  'meta',
  'receipt',
]);

/** Whether a content is a command or group history (spec §9.1), which is for programs and not for people. */
export function isCommand({ type }: Pick<Content, 'type'>): boolean {
  return type === '136' || type === '137';
}

/**
 * Whether the receiver's program answers a message with a receipt. It does for messages between people; commands, broadcasts and
 * messages of stations and bots get none (spec §11.9).
 */
export function expectsReceipt(content: Pick<Content, 'type'>, from: ID, to: ID): boolean {
  return !isCommand(content) && isPerson(from) && !to.isBroadcast && (to.isGroup || isPerson(to));
}

function isPerson(id: ID): boolean {
  return id.isUser && !id.isBroadcast && id.type === EntityType.User;
}
