import type { Clock } from '@dimp/core';
import { type Content, type Draft, type Envelope, isContentOf } from '@dimp/dkd';
import {
  DocumentsCommand,
  type DocumentsCommandBody,
  Handshake,
  type HandshakeBody,
  MetaCommand,
  type MetaCommandBody,
  Receipt,
  type ReceiptBody,
} from '@dimp/dkd/commands';
import {
  definedOnly,
  type ErrorCode,
  type MaybePromise,
  type ProtocolError,
  rethrowOurFault,
} from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Facebook } from '../facebook/facebook.ts';
import type { Command } from './command.ts';
import { Cooldown } from './cooldown.ts';
import { QUERY_INTERVAL } from './queries.ts';
import { commandReceipt } from './receipts.ts';

/** The parts of an endpoint that {@link StandardProcessors} use. */
export interface StandardContext {
  readonly facebook: Facebook;
  readonly clock: Clock;
  /** Whether to answer queries about all entities, as stations and archives do, and not only about local users and their groups. */
  readonly directory: boolean;
  /** Whether anything about an entity was asked, or is wanted from this sender. */
  readonly asked: (id: ID, sender: ID) => MaybePromise<boolean>;
  readonly confirm: (body: ReceiptBody, from: ID, to: ID) => Promise<void>;
  /** Processes a handshake. @returns the answer to the station */
  readonly handshake: (body: HandshakeBody, from: ID) => Promise<readonly Draft[]>;
}

/** Answers the commands that every endpoint processes (spec §9.5, §11.5). */
export class StandardProcessors {
  readonly #context: StandardContext;
  readonly #answered: Cooldown;

  constructor(context: StandardContext) {
    this.#context = context;
    this.#answered = new Cooldown(context.clock, QUERY_INTERVAL);
  }

  /**
   * Processes a command.
   *
   * @returns the answers; undefined for any other command
   */
  async process(command: Command<unknown>): Promise<readonly Draft[] | undefined> {
    const { content, envelope, user } = command;
    const { sender } = envelope;
    if (isContentOf(content, MetaCommand)) return this.#meta({ ...command, content });
    if (isContentOf(content, DocumentsCommand)) return this.#documents({ ...command, content });
    if (isContentOf(content, Handshake)) return this.#context.handshake(content.body, sender);
    if (!isContentOf(content, Receipt)) return undefined;
    await this.#context.confirm(content.body, sender, user);
    // A receipt is never answered (spec §11.5).
    return [];
  }

  async #meta({ envelope, content }: Command<MetaCommandBody>): Promise<readonly Draft[]> {
    const { did, meta } = content.body;
    const { facebook } = this.#context;
    if (meta !== undefined) {
      return this.#receipt(envelope, content, did, 'Meta', async () => {
        await facebook.saveMeta(meta, did);
      });
    }
    if (sameEntity(did, envelope.sender)) return [];
    const known = (await this.#mayAnswer(did)) ? await facebook.meta(did) : undefined;
    if (known === undefined) return [commandReceipt('Meta not found.', envelope, content)];
    if (!this.#answered.pass(`meta ${did.entity} ${envelope.sender.entity}`)) return [];
    return [MetaCommand.create({ did, meta: known.wire })];
  }

  async #documents(command: Command<DocumentsCommandBody>): Promise<readonly Draft[]> {
    const { envelope, content } = command;
    const { did, meta, documents } = content.body;
    const { facebook } = this.#context;
    if (documents === undefined) return this.#answerDocuments(command);
    return this.#receipt(envelope, content, did, 'Document', async () => {
      if (meta !== undefined) await facebook.saveMeta(meta, did);
      for (const document of documents) await facebook.saveDocument(document, did);
    });
  }

  async #answerDocuments(command: Command<DocumentsCommandBody>): Promise<readonly Draft[]> {
    const { envelope, content } = command;
    const { did, last_time } = content.body;
    const { facebook } = this.#context;
    const documents = (await this.#mayAnswer(did)) ? await facebook.documents(did) : [];
    if (documents.length === 0) return [commandReceipt('Document not found.', envelope, content)];
    const newest = Math.max(...documents.map(({ time }) => time ?? 0));
    if (last_time !== undefined && newest <= last_time) {
      return [commandReceipt('Document not updated.', envelope, content)];
    }
    if (!this.#answered.pass(`documents ${did.entity} ${envelope.sender.entity}`)) return [];
    const meta = await facebook.meta(did);
    const wires = documents.map(({ wire }) => wire);
    const body = definedOnly({ did, meta: meta?.wire, documents: wires });
    return [DocumentsCommand.create(body)];
  }

  /** Only a directory answers queries about others: the answers would reveal the user's contacts. */
  async #mayAnswer(did: ID): Promise<boolean> {
    if (this.#context.directory) return true;
    const users = await this.#context.facebook.localUsers();
    if (did.isUser) return users.some(({ id }) => sameEntity(id, did));
    const members = await this.#context.facebook.members(did);
    return members.some((member) => users.some(({ id }) => sameEntity(id, member)));
  }

  /** Whether to store what a sender tells about an entity: only about themselves, or if it was asked or is known already. */
  async #isWanted(did: ID, sender: ID): Promise<boolean> {
    const { directory, asked, facebook } = this.#context;
    if (directory || sameEntity(did, sender) || (await asked(did, sender))) return true;
    return (await facebook.meta(did)) !== undefined;
  }

  /** Stores received data and answers with a receipt. */
  async #receipt(
    envelope: Envelope,
    content: Content,
    did: ID,
    what: 'Meta' | 'Document',
    save: () => Promise<void>,
  ): Promise<readonly Draft[]> {
    if (!(await this.#isWanted(did, envelope.sender))) {
      const text = `${what} not accepted.`;
      const names = { did: did.text };
      return [commandReceipt(text, envelope, content, names, 'policy/unauthorized')];
    }
    const say = (text: string, code?: ErrorCode): readonly Draft[] => [
      commandReceipt(text, envelope, content, { did: did.text }, code),
    ];
    try {
      await save();
      return say(`${what} received.`);
    } catch (error) {
      rethrowOurFault(error);
      // A document that is stored already is not a refusal.
      return say(refusal(error, what), error.code === 'identity/expired' ? undefined : error.code);
    }
  }
}

/** Returns the text of a refusal (spec §9.5). */
function refusal({ code }: ProtocolError, what: 'Meta' | 'Document'): string {
  if (what === 'Meta') return 'Meta not valid.';
  if (code === 'identity/not-found') return 'Meta not found.';
  return code === 'identity/expired' ? 'Document not changed.' : 'Document not accepted.';
}
