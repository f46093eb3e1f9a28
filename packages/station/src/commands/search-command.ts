import type { Draft } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { Search, type SearchBody } from '@dimp/extensions/commands';
import { rethrowOurFault } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { UserIndex } from '../directory/user-index.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { StationCommand } from './command.ts';
import { type CommandHandler, commandHandler } from './command-handler.ts';
import { isOwn, refuse } from './command-helpers.ts';
import { inReplyTo } from './reply.ts';

/** Options for {@link searchHandler}. */
export interface SearchOptions {
  readonly facebook: Facebook;
  /** The station. */
  readonly id: ID;
  readonly index: UserIndex;
  readonly limiter: RateLimiter;
  /** Lists the online users; without it no user is told (spec §14.6 #54). */
  readonly onlineUsers?: (() => Iterable<ID>) | undefined;
}

/** Results of a search without a limit (spec §9.9). */
const DEFAULT_LIMIT = 50;
/** Results of a search for online users without a limit. */
const DEFAULT_ONLINE = 100;
const MAX_LIMIT = 100;
/** Most results that can be skipped, page by page. */
const MAX_START = 1000;

/** Handles searches of logged-in users (spec §9.9). */
export function searchHandler(options: SearchOptions): CommandHandler {
  const { id, index, limiter, onlineUsers } = options;
  return commandHandler(Search, async (command) => {
    const { keywords, users } = command.content.body;
    // An answer that the station has not asked for.
    if (users !== undefined) return [];
    if (!isOwn(command)) return refuse(command, 'policy/unauthorized', 'Permission denied.');
    limiter.search(command.envelope.sender);
    const isOnline = keywords.length === 1 && keywords[0] === 'users';
    if (isOnline && onlineUsers === undefined)
      return refuse(command, 'policy/unauthorized', 'Permission denied.');
    const { start, limit } = pageOf(command, isOnline ? DEFAULT_ONLINE : DEFAULT_LIMIT);
    const found =
      isOnline && onlineUsers !== undefined
        ? page(onlineUsers(), start, limit)
        : await withExact(options, keywords, start, await index.search(keywords, start, limit));
    if (found === undefined) return refuse(command, 'format/field', 'Search command error.');
    // An ID with a terminal stands for a device; clients would take it for another user.
    const { parseID } = options.facebook.protocol;
    const people = found.map((each) => (each.terminal === undefined ? each : parseID(each.entity)));
    const body: SearchBody = { keywords, start, limit, station: id, users: people };
    return [inReplyTo(command, Search.create(body), ['results'])] satisfies readonly Draft[];
  });
}

/** A whole ID finds its user even if they are not in the index. */
async function withExact(
  { facebook }: SearchOptions,
  [word, ...others]: readonly string[],
  start: number,
  found: readonly ID[] | undefined,
): Promise<readonly ID[] | undefined> {
  if (found === undefined || found.length > 0 || start > 0) return found;
  if (word === undefined || others.length > 0) return found;
  try {
    const id = facebook.protocol.parseID(word);
    const visa = id.isUser ? await facebook.document(id) : undefined;
    return visa !== undefined && sameEntity(visa.did, id) ? [id] : found;
  } catch (error) {
    // The word is not an ID.
    rethrowOurFault(error);
    return found;
  }
}

function pageOf(
  { content }: StationCommand<SearchBody>,
  usual: number,
): { readonly start: number; readonly limit: number } {
  const { start = 0, limit = 0 } = content.body;
  return {
    start: Math.min(Math.max(0, Math.floor(start)), MAX_START),
    limit: limit < 1 ? usual : Math.min(Math.floor(limit), MAX_LIMIT),
  };
}

function page(users: Iterable<ID>, start: number, limit: number): readonly ID[] {
  const found: ID[] = [];
  let skip = start;
  for (const user of users) {
    if (found.length >= limit) break;
    if (skip > 0) skip -= 1;
    else found.push(user);
  }
  return found;
}
