import type { Content } from '@dimp/dkd';
import { EntityType, type ID } from '@dimp/mkm';

/** What the messenger takes apart or answers by itself (spec §11.5): no handler ever sees it. */
export const STANDARD_KINDS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'array',
  'documents',
  'forward',
  'handshake',
  'meta',
  'receipt',
]);

/** Types of commands and of group history (spec §9.1): they speak to programs, not to people. */
export function isCommand({ type }: Pick<Content, 'type'>): boolean {
  return type === '136' || type === '137';
}

/**
 * Whether a message gets a receipt from the program of whom it is for: what people say to each other does; commands,
 * stations, bots and broadcasts do not (spec §11.9).
 */
export function expectsReceipt(content: Pick<Content, 'type'>, from: ID, to: ID): boolean {
  return !isCommand(content) && isPerson(from) && !to.isBroadcast && (to.isGroup || isPerson(to));
}

function isPerson(id: ID): boolean {
  return id.isUser && !id.isBroadcast && id.type === EntityType.User;
}
