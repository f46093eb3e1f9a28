import type { Live } from '@dimp/chat';
import { CLIENT_MEMBERS, type DimClient, type Tree } from '@dimp/chat/client';
import { liveValue } from './live-of.ts';

/** Some members of a client. */
export type ClientParts = {
  readonly [K in keyof DimClient]?: DimClient[K] extends Live<unknown>
    ? DimClient[K]
    : DimClient[K] extends (...args: never[]) => unknown
      ? DimClient[K]
      : Partial<DimClient[K]>;
};

/**
 * Makes a client for the test of one component. Live values that are missing are empty; a call that is missing throws an error with
 * its path.
 *
 * @example
 * ```ts
 * const client = clientOf({ chats: { list: () => liveValue([conversation]) } });
 * ```
 */
export function clientOf(parts: ClientParts): DimClient {
  const client = fill(CLIENT_MEMBERS.client, parts, '');
  return Object.assign(client, { close: parts.close ?? (async () => undefined) }) as DimClient;
}

/** What live values show that a test does not give. */
const EMPTY: Readonly<Record<string, unknown>> = {
  me: { id: 'me@anywhere', name: 'Me', fingerprint: 'AAAAAAAAAAAAAAAAAAAAAA', locked: false },
  session: { state: 'online', waiting: 0 },
  storage: {},
  problems: [],
  'chats.list': [],
  'chats.unread': { messages: 0, conversations: 0, mentions: 0, requests: 0 },
  'chats.searchProgress': { indexed: 0, total: 0 },
  'contacts.list': [],
};

function fill(tree: Tree, parts: object, prefix: string): object {
  const members: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(tree)) {
    const path = prefix + name;
    const given: unknown = Reflect.get(parts, name);
    if (typeof kind === 'object') members[name] = fill(kind, Object(given), `${path}.`);
    else if (given !== undefined) members[name] = given;
    else if (kind === 'live') members[name] = liveValue(EMPTY[path]);
    else if (kind === 'query') {
      const live = liveValue(EMPTY[path]);
      members[name] = () => live;
    } else {
      members[name] = () => {
        throw new Error(`the test does not expect a call of ${path}`);
      };
    }
  }
  return members;
}
