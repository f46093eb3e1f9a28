import type { Waiting } from '@dimp/core';
import { deferred, type ErrorCode, rethrowOurFault } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import { PendingChanges } from '../services/pending-changes.ts';
import type { Services } from '../services/services.ts';
import type { ChosenIDs } from './chosen-ids.ts';
import type { MessagePacker } from './message-packer.ts';
import type { CopyBytes, OutboxStore } from './outbox-store.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { PackedCopy, PackStage } from './pack-stage.ts';
import type { SendStage } from './send-stage.ts';

/** Options for {@link Pipeline}. */
export interface PipelineOptions {
  readonly packer: MessagePacker;
  readonly store: OutboxStore;
  readonly chosenIDs: ChosenIDs;
  readonly services: Services;
  /** All messages that are not done, in the order in which they were sent. */
  readonly messages: ReadonlyMap<string, OutgoingMessage>;
  readonly packStage: PackStage;
  readonly sendStage: SendStage;
  /** Asks the network for what is missing. */
  readonly ask: (missing: Waiting) => Promise<void>;
}

/** Takes outgoing messages through packing, writing and sending as far as possible, and asks for what they wait for. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #store: OutboxStore;
  readonly #packStage: PackStage;
  readonly #sendStage: SendStage;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#packStage = options.packStage;
    this.#sendStage = options.sendStage;
  }

  /**
   * Pack → persist → send: takes a message as far as possible now. When it resolves, the message is on disk.
   *
   * @param isNew - it is not on disk yet: services add what they write for it
   * @returns what has to be asked for
   * @throws what is wrong with the message, if no copy of it can ever be packed; `store/` codes
   */
  async advance(outgoing: OutgoingMessage, isNew = false): Promise<readonly Waiting[]> {
    const put = (packed?: readonly CopyBytes[]): Promise<void> =>
      isNew ? this.putNew(outgoing, packed) : this.#store.put(outgoing.record, packed);
    const members = await this.#packStage.addReceivers(outgoing);
    if (members !== undefined) {
      outgoing.change({ waitingFor: members });
      await put();
      return [members];
    }
    const refs = outgoing.refs(({ message, state }) => message === undefined && state !== 'failed');
    if (refs.length === 0) {
      if (isNew) await put();
      if (outgoing.record.settled) await this.#sendStage.settle(outgoing);
      return [];
    }
    const packed: PackedCopy[] = [];
    const written = deferred<boolean>();
    try {
      const missing = await this.#packStage.pack(outgoing, refs, (copy) => {
        packed.push(copy);
        // Queued in the turn of its conversation, so that copies leave in the order in which they name each other.
        this.#sendStage.send(copy.ref, { bytes: copy.bytes, written: written.promise });
      });
      await put(packed.map(({ ref, bytes }) => ({ index: ref.index, bytes })));
      if (outgoing.record.settled) await this.#sendStage.settle(outgoing);
      // Nothing leaves before it is on disk.
      written.resolve(true);
      return missing;
    } catch (error) {
      written.resolve(false);
      for (const { ref } of packed) this.#packStage.forget(ref);
      throw error;
    }
  }

  /** Writes a new message and what the services write for it in one batch. */
  async putNew(outgoing: OutgoingMessage, packed?: readonly CopyBytes[]): Promise<void> {
    const { services, packer } = this.#options;
    const { record, content } = outgoing;
    const pending = new PendingChanges(packer.facebook.store);
    await services.sent(record, content, pending, (changes) =>
      this.#store.put(record, packed, [...this.#options.chosenIDs.changes(record), ...changes]),
    );
    outgoing.isWritten();
  }

  /** {@link advance} without a caller who could be told of an error: the message records it. */
  async advanceOrFail(outgoing: OutgoingMessage): Promise<void> {
    try {
      await this.askAll(await this.advance(outgoing));
    } catch (error) {
      rethrowOurFault(error);
      await this.#giveUp(outgoing, error.code);
    }
  }

  /** A meta, a visa or a member list has arrived: the messages that waited for it go on. */
  async release(entity: EntityKey): Promise<void> {
    const packStage = this.#packStage;
    const groups = [...this.#options.messages.values()].filter(({ record }) => {
      const { waitingFor } = record;
      return waitingFor?.for === 'members' && waitingFor.id.entity === entity;
    });
    for (const outgoing of groups) await this.advanceOrFail(outgoing);
    packStage.open(entity);
    // Behind the first of a conversation others wait, and new ones may have joined them meanwhile.
    for (let refs = packStage.released(); refs.length > 0; refs = packStage.released()) {
      for (const outgoing of new Set(refs.map((ref) => ref.outgoing))) {
        await this.advanceOrFail(outgoing);
      }
    }
  }

  /** Gives up a message that is too old. */
  async expire(outgoing: OutgoingMessage): Promise<void> {
    const packed = outgoing.refs(
      ({ message, state }) => message !== undefined && state !== 'received' && state !== 'failed',
    );
    await this.#giveUp(outgoing, 'identity/not-found');
    for (const ref of packed) await this.#sendStage.expire(ref);
  }

  /** Asks again for all that messages wait for. */
  async askAgain(): Promise<void> {
    const missing = new Map<string, Waiting>();
    for (const { record } of this.#options.messages.values()) {
      const { waitingFor } = record;
      if (waitingFor === undefined) continue;
      missing.set(`${waitingFor.for} ${waitingFor.id.entity}`, waitingFor);
    }
    await this.askAll([...missing.values()]);
  }

  /** Asks for what {@link advance} has returned. */
  async askAll(missing: readonly Waiting[]): Promise<void> {
    for (const each of missing) await this.#ask(each);
  }

  /** Ends the copies that are not packed; the others are on their way. */
  async #giveUp(outgoing: OutgoingMessage, error: ErrorCode): Promise<void> {
    for (const ref of outgoing.refs(({ message }) => message === undefined)) {
      this.#packStage.withdraw(ref);
    }
    outgoing.failUnpacked(error);
    if (outgoing.record.settled) await this.#sendStage.settle(outgoing);
    else await this.#store.put(outgoing.record);
  }

  /** Asks for what is missing. It may have arrived while the message was put aside, too early to release it. */
  async #ask(missing: Waiting): Promise<void> {
    const { facebook } = this.#options.packer;
    const { id } = missing;
    const here =
      missing.for === 'members'
        ? (await facebook.members(id)).length > 0
        : (await facebook.encryptKey(id)) !== undefined;
    if (here) await this.release(id.entity);
    else await this.#options.ask(missing);
  }
}
