import { normalizeContent } from '@dimp/core/dialects';
import type { Draft } from '@dimp/dkd';
import type { JsonObject } from '@dimp/foundation';
import type { StationCommand } from './command.ts';

/** An answer of the station, with members of the wire that its content type does not know. */
export interface Reply<Kind extends string = string, Body = unknown> extends Draft<Kind, Body> {
  readonly extra?: JsonObject;
}

/** Members of one message: an answer has its own. */
const OF_MESSAGE: readonly string[] = [
  'type',
  'sn',
  'time',
  'group',
  'command',
  'cmd',
  'sender',
  'receiver',
  '_',
  'bound',
];
/** Longest members that are repeated, in UTF-16 code units of their JSON: an answer is not much longer than its question. */
const MAX_REPEATED = 1024;

/**
 * An answer that repeats what its question has beside the members of its type, such as the `tag` by which existing
 * clients find the question again (spec §9.9).
 *
 * @param known - members of the type, which the answer has of its own or leaves out
 */
export function inReplyTo<Kind extends string, Body>(
  { content }: StationCommand,
  answer: Draft<Kind, Body>,
  known: readonly string[] = [],
): Reply<Kind, Body> {
  const taken = new Set([...OF_MESSAGE, ...known, ...namesIn(answer.body)]);
  const repeated = Object.entries(normalizeContent(content.wire)).filter(
    ([name]) => !taken.has(name),
  );
  if (repeated.length === 0 || JSON.stringify(repeated).length > MAX_REPEATED) return answer;
  return { ...answer, extra: Object.fromEntries(repeated) };
}

function namesIn(body: unknown): readonly string[] {
  return typeof body === 'object' && body !== null ? Object.keys(body) : [];
}
