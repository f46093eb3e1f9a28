import type { Live } from '../live/live.ts';
import type { Chat, ChatsApi, WindowHandle } from '../model/chats.ts';
import type { Contacts } from '../model/contacts.ts';
import type { DimClient } from './dim-client.ts';

/**
 * What a member of a client is:
 *
 * - `live`: a live value;
 * - `query`: a function that returns a live value;
 * - `call`: a function that returns a promise of plain data;
 * - `tell`: a function without a result;
 * - `iterate`: a function that returns an iteration;
 * - `chat`, `window`: a function that returns a handle.
 */
export type Kind = 'live' | 'query' | 'call' | 'tell' | 'iterate' | 'chat' | 'window';

type KindOf<M> =
  M extends Live<infer _>
    ? 'live'
    : M extends (...args: never[]) => infer R
      ? R extends WindowHandle
        ? 'window'
        : R extends Live<infer _>
          ? 'query'
          : R extends Promise<Chat>
            ? 'chat'
            : R extends Promise<infer _>
              ? 'call'
              : R extends AsyncIterable<infer _>
                ? 'iterate'
                : 'tell'
      : never;

/** The members of an interface that the other side may reach. Another member of the interface is a type error here. */
type Members<T> = {
  readonly [K in keyof T as KindOf<T[K]> extends never ? never : K]: KindOf<T[K]>;
};

/** Names of members, with what they are, or with the members of an object. */
export interface Tree {
  readonly [name: string]: Kind | Tree;
}

const CHATS: Members<ChatsApi> = {
  list: 'query',
  unread: 'live',
  open: 'chat',
  search: 'iterate',
  searchProgress: 'live',
  incoming: 'iterate',
};

const CONTACTS: Members<Contacts> = {
  list: 'live',
  get: 'call',
  add: 'call',
  rename: 'call',
  remove: 'call',
  block: 'call',
  link: 'call',
  safetyNumber: 'call',
  verificationCode: 'call',
  verify: 'call',
  unverify: 'call',
  links: 'call',
  revokeLink: 'call',
};

const CLIENT: Members<Omit<DimClient, 'close'>> = {
  me: 'live',
  session: 'live',
  storage: 'live',
  problems: 'live',
  lock: 'call',
  unlock: 'call',
};

const CHAT_MEMBERS: Members<Chat> = {
  summary: 'live',
  typists: 'live',
  pinned: 'live',
  window: 'window',
  message: 'call',
  messages: 'iterate',
  send: 'call',
  reply: 'call',
  forward: 'call',
  edit: 'call',
  recall: 'call',
  react: 'call',
  vote: 'call',
  closePoll: 'call',
  pinMessage: 'call',
  star: 'call',
  moderate: 'call',
  remove: 'call',
  retry: 'call',
  markRead: 'call',
  markUnread: 'call',
  typing: 'tell',
  setDraft: 'call',
  pin: 'call',
  archive: 'call',
  mute: 'call',
  setTimer: 'call',
  setRetention: 'call',
  clear: 'call',
  accept: 'call',
  block: 'call',
  attachment: 'call',
};

const WINDOW_MEMBERS: Members<Omit<WindowHandle, keyof Live<unknown>>> = {
  older: 'call',
  newer: 'call',
  jump: 'call',
};

/** The members of a client, of a `Chat`, and of a `WindowHandle`. The last is a live value itself, with the empty path. */
export const TREES: { readonly client: Tree; readonly chat: Tree; readonly window: Tree } = {
  client: { ...CLIENT, chats: { ...CHATS }, contacts: { ...CONTACTS } },
  chat: { ...CHAT_MEMBERS },
  window: { ...WINDOW_MEMBERS },
};

/** What a path leads to; undefined for one that is not in the tree. */
export function kindAt(tree: Tree, path: string): Kind | undefined {
  let at: Kind | Tree | undefined = tree;
  for (const name of path.split('.')) {
    at = typeof at === 'object' && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return typeof at === 'string' ? at : undefined;
}
