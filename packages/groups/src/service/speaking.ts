import type { Content } from '@dimp/dkd';
import { isCommand } from '@dimp/endpoint';
import { LruMap, ownMember } from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import { readPolicy } from '../model/policy.ts';
import type { GroupLog } from './group-log.ts';

/** How long after a removal older messages of the removed member may still arrive, in milliseconds. */
const IN_FLIGHT_MS = 600_000;
/** How long messages of an unknown sender wait for the entry that adds them, in milliseconds. */
const WAIT_MS = 600_000;

/** Options for {@link Speaking}. */
export interface SpeakingOptions {
  readonly now: () => number;
  /** Called when a sender sees another state of the group. */
  readonly onDifference: (log: GroupLog, sender: ID) => void;
  /** Called when somebody speaks who does not know that they were removed. */
  readonly onRemoved: (log: GroupLog, sender: ID) => void;
}

/** Decides who may speak in a group. */
export class Speaking {
  readonly #options: SpeakingOptions;
  /** Since when senders wait who are no members. */
  readonly #waiting = new LruMap<string, number>(4096);

  constructor(options: SpeakingOptions) {
    this.#options = options;
  }

  /** @returns undefined if the list of members decides, as in groups without entries */
  membership(
    log: GroupLog,
    user: EntityKey,
    sender: ID,
    content: Content,
  ): 'yes' | 'no' | 'wait' | undefined {
    const { state, facts, record } = log;
    if (state === undefined || record === undefined) return undefined;
    if (isCarried(content)) return 'yes';
    if (facts.assistants.some((each) => sameEntity(each, sender))) return undefined;
    const digest = ownMember(content.wire, 'groupState');
    const isDifferent = typeof digest === 'string' && digest !== state.digest;
    const removal = this.#removal(log, sender.entity);
    const isMember = log.isMember(sender.entity);
    if (isDifferent && (isMember || removal === undefined)) {
      this.#options.onDifference(log, sender);
    }
    if (isMember) {
      const mayWrite = readPolicy(state.policy).speak === 'members' || log.isStaff(sender.entity);
      const mayRead = log.isMember(user) || wasWrittenBefore(content, this.#removal(log, user));
      return mayRead && (mayWrite || isCommand(content)) ? 'yes' : 'no';
    }
    if (wasWrittenBefore(content, removal)) return 'yes';
    if (isDifferent && log.hasHeardOf(sender.entity)) this.#options.onRemoved(log, sender);
    if (!isDifferent || removal !== undefined) return 'no';
    return this.#mayWait(log.id, sender) ? 'wait' : 'no';
  }

  /** The removal of somebody in force: when it was issued, and whether messages from before may still be under way. */
  #removal(log: GroupLog, user: EntityKey): { readonly before: number } | undefined {
    const names = log.state?.removals.get(user) ?? [];
    const kept = names.flatMap((name) => log.kept.get(name) ?? []);
    if (kept.length === 0) return undefined;
    const isRecent = kept.every(({ arrived }) => this.#options.now() - arrived < IN_FLIGHT_MS);
    return { before: isRecent ? Math.min(...kept.map(({ entry }) => entry.time)) : 0 };
  }

  #mayWait(group: ID, sender: ID): boolean {
    const name = `${group.entity} ${sender.entity}`;
    const now = this.#options.now();
    const since = this.#waiting.get(name);
    if (since === undefined) this.#waiting.set(name, now);
    return since === undefined || now - since < WAIT_MS;
  }
}

/** What proves itself, and questions, which have rules of their own. */
function isCarried({ kind }: Content): boolean {
  return kind === 'forward' || kind === 'query' || kind === 'group-history/query';
}

function wasWrittenBefore(
  { time }: Content,
  removal: { readonly before: number } | undefined,
): boolean {
  return removal !== undefined && time !== undefined && time * 1000 < removal.before;
}
