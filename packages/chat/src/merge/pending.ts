import type { Annotation } from './annotation.ts';

/** Most annotations that wait for one message. */
const MAX_PER_REF = 32;
/** Most annotations that wait in one conversation. */
export const MAX_PENDING: number = 1024;
/** How long they wait, in milliseconds: 30 days. */
export const PENDING_MS: number = 30 * 86_400_000;
/** How long an edit waits before it is shown as a message of its own, in milliseconds. */
export const LATE_EDIT_MS: number = 10 * 60_000;

/**
 * Keeps an annotation whose message is not here yet. The list belongs to the first ref of the target. When a message arrives,
 * look under each of `refsAround`, because older programs round the time.
 *
 * @param options.inConversation - how many annotations wait in the conversation
 * @returns the list with the annotation; the same list if it is full, or has it
 */
export function withPending(
  waiting: readonly Annotation[],
  annotation: Annotation,
  { inConversation }: { readonly inConversation: number },
): readonly Annotation[] {
  if (annotation.target.refs.length === 0) return waiting;
  const text = identityOf(annotation);
  if (waiting.some((each) => identityOf(each) === text)) return waiting;
  const full = waiting.length >= MAX_PER_REF || inConversation >= MAX_PENDING;
  return full ? waiting : [...waiting, annotation];
}

/** Those that may still wait. */
export function unexpired(waiting: readonly Annotation[], now: number): readonly Annotation[] {
  const kept = waiting.filter(({ arrived }) => now - arrived < PENDING_MS);
  return kept.length === waiting.length ? waiting : kept;
}

/** Whether an edit has waited long enough to be shown as a message of its own. */
export function isLateEdit({ aspect, arrived }: Annotation, now: number): boolean {
  return aspect === 'edit' && now - arrived >= LATE_EDIT_MS;
}

/** The arrival differs between two copies of one message. */
function identityOf({ arrived: _, ...said }: Annotation): string {
  return JSON.stringify(said);
}
