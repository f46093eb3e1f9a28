import type { ServiceHost } from '@dimp/client';
import { LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Account } from './account.ts';
import type { GroupLog } from './group-log.ts';
import type { Later } from './later.ts';
import type { GroupLogs } from './logs.ts';
import type { Questions } from './questions.ts';

/** How long a member's state may differ before they are asked, in milliseconds: the entry may be on its way. */
const PATIENCE_MS = 30_000;
/** Time before the next peer is asked, in milliseconds. */
const NEXT_PEER_MS = 60_000;
/** How long a difference lasts before the user is told, in milliseconds. */
const BEHIND_MS = 86_400_000;

/** Options for {@link Differences}. */
export interface DifferencesOptions {
  readonly host: ServiceHost;
  readonly account: Account;
  readonly logs: GroupLogs;
  readonly questions: Questions;
  readonly later: Later;
}

/** Notices that other members see another state of a group, and asks them for what is missing here. */
export class Differences {
  readonly #options: DifferencesOptions;
  /** Since when each group differs, in milliseconds since the epoch. */
  readonly #since = new LruMap<EntityKey, number>(1024);
  /** Groups that are being compared. */
  readonly #chasing = new Set<EntityKey>();

  constructor(options: DifferencesOptions) {
    this.#options = options;
  }

  /** Whether a group has differed for a day. */
  isBehind(group: EntityKey): boolean {
    const since = this.#since.get(group);
    return since !== undefined && this.#options.host.facebook.clock.now() - since >= BEHIND_MS;
  }

  /** The state of a group has changed here. */
  changed(group: EntityKey): void {
    this.#since.delete(group);
  }

  /**
   * A sender sees another state. A member is asked if it stays so; who is not known as a member at once, because their message
   * waits.
   */
  note(log: GroupLog, sender: ID): void {
    const { host } = this.#options;
    const { entity } = log.id;
    if (this.#since.get(entity) === undefined) this.#since.set(entity, host.facebook.clock.now());
    if (this.#chasing.has(entity)) return;
    this.#chasing.add(entity);
    const { parseID } = host.facebook.protocol;
    const isMember = log.isMember(sender.entity);
    const staff = [log.facts.founder?.entity, ...(log.state?.administrators.keys() ?? [])];
    const peers = new Map([[sender.entity, sender]]);
    for (const each of staff) if (each !== undefined) peers.set(each, parseID(each));
    const digest = log.state?.digest;
    const others = [...peers.values()];
    if (isMember) this.#later(PATIENCE_MS, log.id, digest, others);
    else this.#options.later.now(() => this.#askNext(log.id, digest, others));
  }

  #later(ms: number, id: ID, digest: string | undefined, peers: readonly ID[]): void {
    this.#options.later.after(ms, () => this.#askNext(id, digest, peers));
  }

  /** Asks one peer after the other until the state here changes. */
  async #askNext(id: ID, digest: string | undefined, peers: readonly ID[]): Promise<void> {
    const { account, logs, questions } = this.#options;
    const [peer, ...others] = peers;
    const log = await logs.load(id);
    const user = await account.find();
    const isOver = peer === undefined || log.state?.digest !== digest;
    if (isOver || user === undefined) {
      this.#chasing.delete(id.entity);
      return;
    }
    await questions.ask(user, peer, log);
    this.#later(NEXT_PEER_MS, id, digest, others);
  }
}
