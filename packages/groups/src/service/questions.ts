import type { ServiceHost, ServiceMessage, Taken } from '@dimp/client';
import type { Draft } from '@dimp/dkd';
import { Cooldown, commandReceipt } from '@dimp/endpoint';
import { GroupHistoryQuery, type GroupQueryBody } from '@dimp/extensions/groups';
import type { JsonObject } from '@dimp/foundation';
import { definedOnly } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { PublicSigner } from '../evidence/sign-public.ts';
import { documentMessage, forwardsOf, newcomerForwards, readsEntries } from './bundle.ts';
import type { Carrier } from './carrier.ts';
import type { GroupLog } from './group-log.ts';
import type { GroupLogs } from './logs.ts';

/** Time between two questions to the same peer about the same group, and between two full answers, in milliseconds. */
const QUESTION_MS = 600_000;
/** Time between two answers to the same peer, in milliseconds. */
const ANSWER_MS = 10_000;
/** Names of entries in one question. */
const MAX_HAD = 512;

/** Kinds of the contents that ask for the history of a group. */
export const QUESTION_KINDS: readonly string[] = ['query', 'group-history/query'];

/** Options for {@link Questions}. */
export interface QuestionsOptions {
  readonly host: ServiceHost;
  readonly logs: GroupLogs;
  readonly signer: PublicSigner;
  readonly carrier: Carrier;
}

/** Questions for what is missing, and the answers to those of other members. */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #asked: Cooldown;
  readonly #answered: Cooldown;
  readonly #answeredInFull: Cooldown;

  constructor(options: QuestionsOptions) {
    const { clock } = options.host.facebook;
    this.#options = options;
    this.#asked = new Cooldown(clock, QUESTION_MS);
    this.#answered = new Cooldown(clock, ANSWER_MS);
    this.#answeredInFull = new Cooldown(clock, QUESTION_MS);
  }

  /** Asks a peer for what this program lacks of a group, at most once in ten minutes. */
  async ask(user: ID, peer: ID, log: GroupLog): Promise<void> {
    if (sameEntity(user, peer) || !this.#asked.pass(`${log.id.entity} ${peer.entity}`)) return;
    const { state, id } = log;
    const body: GroupQueryBody =
      state === undefined
        ? {}
        : {
            last_time: state.checkpoint.time / 1000,
            have: {
              checkpoint: state.checkpoint.name,
              entries: state.live.slice(-MAX_HAD).map(({ name }) => name),
            },
          };
    await this.#options.host.send(GroupHistoryQuery.create(body, { group: id }), peer, {
      sender: user,
    });
  }

  /** Answers a member's question. */
  async answer(message: ServiceMessage): Promise<Taken> {
    const { content, envelope, user } = message;
    const { group } = content;
    if (group === undefined) return { passOn: false };
    const { sender } = envelope;
    const log = await this.#options.logs.load(group);
    const say = (text: string, code?: 'policy/unauthorized'): Taken => ({
      changes: [],
      answers: [commandReceipt(text, envelope, content, { ID: group.text }, code)],
      passOn: false,
    });
    if (!this.#mayAsk(sender, log) || log.record?.standing !== 'active') {
      return say('Permission denied.', 'policy/unauthorized');
    }
    const { have } = content.body as GroupQueryBody;
    const name = `${group.entity} ${sender.entity}`;
    const isAllowed =
      have === undefined ? this.#answeredInFull.pass(name) : this.#answered.pass(name);
    if (!isAllowed) return { changes: [], passOn: false };
    const answers = await this.#answersTo(user, sender, log, have);
    return answers.length === 0
      ? say('Group history not updated.')
      : { changes: [], answers, passOn: false };
  }

  async #answersTo(
    user: ID,
    asker: ID,
    log: GroupLog,
    have: GroupQueryBody['have'],
  ): Promise<readonly Draft[]> {
    const { signer, host, carrier } = this.#options;
    const { facebook } = host;
    if (!(await readsEntries(facebook, asker))) {
      host.background(() => carrier.project(user, asker, log));
      return [];
    }
    if (have === undefined) return newcomerForwards(facebook, signer, log, user);
    const missing = missingOf(log, have);
    if (missing.length === 0) return [];
    const documents = await documentMessage(facebook, signer, { entity: log.id, sender: user });
    return forwardsOf([...documents, ...missing]);
  }

  /** Members, and the bots that the bulletin names. */
  #mayAsk(peer: ID, log: GroupLog): boolean {
    return log.isMember(peer.entity) || log.facts.assistants.some((each) => sameEntity(each, peer));
  }
}

/** The messages that somebody lacks who has these entries. */
function missingOf(
  log: GroupLog,
  have: NonNullable<GroupQueryBody['have']>,
): readonly JsonObject[] {
  const { state } = log;
  if (state === undefined) return [];
  const had = new Set([...have.entries, ...Object.values(definedOnly({ of: have.checkpoint }))]);
  const entries = [state.checkpoint, ...state.live];
  return log.messagesOf(entries.filter(({ name }) => !had.has(name)));
}
