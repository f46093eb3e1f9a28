import { normalizeContent } from '@dimp/core/dialects';
import type { Draft } from '@dimp/dkd';
import type { JsonObject } from '@dimp/foundation';
import type { StationCommand } from './command.ts';

/** An answer of the station with wire members that its content type does not have. */
export interface Reply<Kind extends string = string, Body = unknown> extends Draft<Kind, Body> {
  readonly extra?: JsonObject;
}

/** Members that belong to one message; an answer has its own. */
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
/** Most UTF-16 code units of repeated members as JSON, so that an answer is not much longer than its question. */
const MAX_REPEATED = 1024;

/**
 * Returns an answer that repeats the unknown members of its question, such as the `tag` by which existing clients match
 * answers to questions (spec §9.9).
 *
 * @param known - members of the type, which are not repeated
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
