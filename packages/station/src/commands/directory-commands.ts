import type { Clock } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { type DocumentsBody, type MetaBody, StandardProcessors } from '@dimp/endpoint';
import { DocumentsCommand, MetaCommand } from '@dimp/extensions/commands';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import { type ID, metaMadeBy, sameEntity } from '@dimp/mkm';
import type { Acquaintance } from '../directory/acquaintances.ts';
import type { Identities } from '../directory/identities.ts';
import type { Logins } from '../directory/logins.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import { verificationCost } from '../limits/verification-cost.ts';
import { AnswerCooldown } from './answer-cooldown.ts';
import type { StationCommand } from './command.ts';
import { type CommandHandler, commandHandler } from './command-handler.ts';
import { isOwn, receipt, refuse } from './command-helpers.ts';
import type { RemoteDirectory } from './remote-directory.ts';

/** Options for {@link DirectoryCommands}. */
export interface DirectoryOptions {
  readonly facebook: Facebook;
  /** The station. */
  readonly id: ID;
  readonly clock: Clock;
  readonly logins: Logins;
  readonly identities: Identities;
  readonly acquaintances: Acquaintance;
  readonly limiter: RateLimiter;
  readonly elsewhere: RemoteDirectory | undefined;
}

/** Most documents in one command: an entity has fewer, and each costs a verification. */
const MAX_DOCUMENTS = 16;

/**
 * Stores metas and documents, and answers queries for them (spec §9.5, §7.5). A user may store their own, those of
 * groups that they have founded, and newer documents of known entities; a neighbour may store those of any entity.
 */
export class DirectoryCommands {
  readonly handlers: readonly CommandHandler[];
  readonly #options: DirectoryOptions;
  readonly #standard: StandardProcessors;
  readonly #cooldown: AnswerCooldown;

  constructor(options: DirectoryOptions) {
    const { facebook, clock } = options;
    this.#options = options;
    this.#cooldown = new AnswerCooldown(clock);
    this.#standard = new StandardProcessors({
      facebook,
      clock,
      directory: true,
      asked: () => true,
      confirm: async () => {},
      handshake: async () => [],
    });
    this.handlers = [
      commandHandler(MetaCommand, (command) => this.#meta(command)),
      commandHandler(DocumentsCommand, (command) => this.#documents(command)),
    ];
  }

  async #meta(command: StationCommand<MetaBody>): Promise<readonly Draft[]> {
    const { did, meta } = command.content.body;
    if (meta !== undefined) return this.#pushed(command, did, meta, 'Meta not accepted.');
    // The sender has their own meta.
    if (sameEntity(did, command.envelope.sender)) return [];
    const known = await this.#options.facebook.meta(did);
    if (known === undefined) {
      const again = () => this.#meta({ ...command, later: undefined });
      if (this.#asksRemoteDirectory('meta', command, did, again)) return [];
      return receipt(command, 'Meta not found.', { did: did.text });
    }
    if (!this.#cooldown.pass(nameOf('meta', command, did), 0)) return [];
    const body: MetaBody = { did, meta: known.wire };
    return [{ kind: 'meta', body }];
  }

  async #documents(command: StationCommand<DocumentsBody>): Promise<readonly Draft[]> {
    const { did, meta, documents } = command.content.body;
    if (documents === undefined) return this.#found(command);
    const refusal = 'Document not accepted.';
    if (documents.length > MAX_DOCUMENTS) {
      return refuse(command, 'format/limit', refusal, { did: did.text });
    }
    return this.#pushed(command, did, meta, refusal, documents.length);
  }

  async #found(command: StationCommand<DocumentsBody>): Promise<readonly Draft[]> {
    const { did, last_time } = command.content.body;
    const { facebook } = this.#options;
    const documents = await facebook.documents(did);
    const login = await this.#login(command, did);
    const replacements = { did: did.text };
    if (documents.length === 0) {
      const again = () => this.#found({ ...command, later: undefined });
      if (this.#asksRemoteDirectory('documents', command, did, again)) return login;
      return [...receipt(command, 'Document not found.', replacements), ...login];
    }
    const newest = Math.max(...documents.map(({ time }) => time ?? 0));
    if (last_time !== undefined && newest <= last_time) {
      return [...receipt(command, 'Document not updated.', replacements), ...login];
    }
    if (!this.#cooldown.pass(nameOf('documents', command, did), newest)) return login;
    const meta = await facebook.meta(did);
    const body: DocumentsBody = {
      did,
      ...(meta === undefined ? {} : { meta: meta.wire }),
      documents: documents.map(({ wire }) => wire),
    };
    return [{ kind: 'documents', body }, ...login];
  }

  /**
   * Asks other stations. The answer is sent when theirs has arrived, or when it is clear that there is none.
   *
   * @param again - answers from the directory
   * @returns whether other stations are being asked
   */
  #asksRemoteDirectory(
    what: 'meta' | 'documents',
    { session, later }: StationCommand,
    did: ID,
    again: () => Promise<readonly Draft[]>,
  ): boolean {
    if (later === undefined || did.isBroadcast) return false;
    const asker = session?.neighbour ? session.user : undefined;
    const found = this.#options.elsewhere?.find(what, did, asker);
    if (found === undefined) return false;
    later(found.then(again));
    return true;
  }

  /**
   * Returns the signed login message of a user (spec §9.5). It is for logged-in users whom the user knows, and for
   * neighbours, which relay to the user.
   */
  async #login(command: StationCommand, did: ID): Promise<readonly Draft[]> {
    if (!did.isUser || !(await this.#mayLocate(command, did))) return [];
    const login = await this.#options.logins.get(did);
    if (login === undefined) return [];
    if (!this.#cooldown.pass(nameOf('login', command, did), login.time)) return [];
    return [{ kind: 'forward', body: { messages: [login.message] } }];
  }

  async #mayLocate(command: StationCommand, did: ID): Promise<boolean> {
    const { sender } = command.envelope;
    const { user, neighbour = false } = command.session ?? {};
    if (neighbour && user !== undefined && sameEntity(user, sender)) return true;
    if (!neighbour && !isOwn(command)) return false;
    return this.#options.acquaintances.knows(did, sender);
  }

  /** @param signatures - number of documents to be verified */
  async #pushed(
    command: StationCommand,
    did: ID,
    meta: JsonObject | undefined,
    refusal: string,
    signatures = 0,
  ): Promise<readonly Draft[]> {
    const { envelope, content, session } = command;
    if (!(await this.#mayTell(command, did, meta))) {
      return refuse(command, 'policy/unauthorized', refusal, { did: did.text });
    }
    const address = session?.neighbour ? undefined : session?.remote.address;
    if (address !== undefined) {
      const count = (meta === undefined ? 0 : 1) + signatures;
      const cost = count * verificationCost(await this.#options.facebook.verifyKey(did));
      this.#options.limiter.verifications(address, session?.user, cost);
    }
    if (meta !== undefined) {
      const neighbour = session?.neighbour ? session.user : undefined;
      await this.#options.identities.admit(did, address, neighbour);
    }
    const { id: user } = this.#options;
    return (await this.#standard.process({ envelope, content, user })) ?? [];
  }

  async #mayTell(
    { envelope, session }: StationCommand,
    did: ID,
    meta: JsonObject | undefined,
  ): Promise<boolean> {
    const { facebook } = this.#options;
    if (sameEntity(did, envelope.sender) || session?.neighbour) return true;
    // Without a meta nothing is stored, and the receipt says so.
    if (meta === undefined || (await facebook.meta(did)) !== undefined) return true;
    if (!did.isGroup) return false;
    const founder = await facebook.verifyKey(envelope.sender);
    try {
      return founder !== undefined && metaMadeBy(facebook.protocol.metas.parse(meta), founder);
    } catch (error) {
      if (isProtocolError(error)) return false;
      throw error;
    }
  }
}

/** Two devices of one user, and one that has lost its connection, are told separately. */
function nameOf(what: string, { envelope, session }: StationCommand, did: ID): string {
  const from = session === undefined ? '' : `${session.remote.address} ${session.remote.port}`;
  return [what, did.entity, envelope.sender.entity, from].join('\n');
}
