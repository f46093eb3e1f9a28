import { checkStoreKey, type StoreChange, seconds } from '@dimp/core';
import type { Content, Draft, ReliableMessage } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { isCommand, STANDARD_KINDS } from '@dimp/endpoint';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { withLocks } from './locks.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { ContentService, OutgoingRecord, Sent, ServiceMessage, Taken } from './service.ts';

type Facts = Parameters<NonNullable<ContentService['locks']>>[0];

/** Results of all services for one content. */
export interface TakenByAll {
  /** Whether a service wants it to be remembered, so that its sender gets a receipt. */
  readonly isKept: boolean;
  /** Stamped, so that they can be stored. */
  readonly answers: readonly Content[];
  readonly passOn: boolean;
  /** To be called when the changes are on disk. */
  readonly written: readonly (() => void)[];
}

/** A service has thrown an error that is not a refusal of the message. */
export class ServiceFault extends Error {
  constructor(service: string, cause: unknown) {
    super(`the service "${service}" has failed`, { cause });
  }
}

/** Calls the services of a messenger in their order, and checks what they return and throw. */
export class Services {
  readonly #services: readonly ContentService[];
  readonly #facebook: Facebook;
  readonly #onFailure: (error: unknown) => void;
  readonly #started = new Set<ContentService>();

  /**
   * @param onFailure - called for errors that do not concern one message
   * @throws `TypeError` if two services have one name; `RangeError` for a kind that the messenger processes itself
   */
  constructor(
    services: readonly ContentService[],
    facebook: Facebook,
    onFailure: (error: unknown) => void,
  ) {
    const names = new Set<string>();
    for (const { name, kinds } of services) {
      if (names.has(name))
        throw new TypeError(`name must be unique, but two services are "${name}"`);
      names.add(name);
      const standard = kinds === '*' ? undefined : kinds.find((kind) => STANDARD_KINDS.has(kind));
      if (standard !== undefined) {
        throw new RangeError(
          `kinds must not contain ${standard}: the messenger processes it itself`,
        );
      }
    }
    this.#services = services;
    this.#facebook = facebook;
    this.#onFailure = onFailure;
  }

  /** @throws what a service throws; the next call goes on with that service */
  async start(): Promise<void> {
    for (const each of this.#services) {
      if (this.#started.has(each)) continue;
      await each.start?.();
      this.#started.add(each);
    }
  }

  /** Stops all services that were started, the last one first. */
  async stop(): Promise<void> {
    for (const each of [...this.#started].reverse()) {
      try {
        await each.stop?.();
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#started.clear();
  }

  /** Whether a service takes contents of this kind. */
  takes(content: Content): boolean {
    return this.#of(content).some(({ take }) => take !== undefined);
  }

  /**
   * The locks that the services need for some messages.
   *
   * @throws {@link ServiceFault}
   */
  async locksFor(messages: readonly Facts[]): Promise<ReadonlySet<string>> {
    const names = new Set<string>();
    for (const message of messages) {
      for (const service of this.#of(message.content)) {
        const locks = await guarded(service, () => service.locks?.(message) ?? []);
        for (const name of locks) names.add(name);
      }
    }
    return names;
  }

  /**
   * Gives a content to the services.
   *
   * @param pending - gets their changes
   * @throws the `ProtocolError` of a service that refuses it; {@link ServiceFault}
   */
  async take(message: ServiceMessage, pending: PendingChanges): Promise<TakenByAll> {
    const all: Taken[] = [];
    const answers: Content[] = [];
    for (const service of this.#of(message.content)) {
      if (service.take === undefined) continue;
      const taken: Taken = await guarded(service, async () =>
        checked(await service.take?.(message, pending)),
      );
      answers.push(...this.#stamped(service, taken.answers ?? []));
      pending.add(taken.changes ?? []);
      all.push(taken);
    }
    return {
      isKept: all.some(({ changes }) => changes !== undefined),
      answers,
      passOn: all.every(({ passOn = true }) => passOn),
      written: all.flatMap(({ written }) => (written === undefined ? [] : [written])),
    };
  }

  /**
   * Adds the changes of the services for a new outgoing message, under their locks.
   *
   * @param write - writes the changes together with the message
   * @throws what a service or `write` throws
   */
  async sent(
    record: OutgoingRecord,
    content: Content,
    pending: PendingChanges,
    write: (changes: readonly StoreChange[]) => Promise<void>,
  ): Promise<void> {
    const services = this.#of(content).filter(({ sent }) => sent !== undefined);
    if (services.length === 0) return write([]);
    const { sender, receiver } = record;
    const envelope = { sender, receiver, time: content.time ?? 0 };
    const locks = await this.locksFor([{ user: sender, envelope, content }]);
    await withLocks(this.#facebook.store, locks, async () => {
      const written: (() => void)[] = [];
      for (const service of services) {
        const sent = checked(await service.sent?.(record, pending));
        pending.add(sent.changes ?? []);
        if (sent.written !== undefined) written.push(sent.written);
      }
      await write(pending.changes);
      this.written(written);
    });
  }

  /** Tells services that their changes are on disk. */
  written(callbacks: readonly (() => void)[]): void {
    for (const each of callbacks) {
      try {
        each();
      } catch (error) {
        this.#onFailure(error);
      }
    }
  }

  /** Whether a service reads a forwarded message as evidence. */
  isEvidence(message: ReliableMessage): boolean {
    return this.#services.some((service) => {
      try {
        return service.evidence?.(message) === true;
      } catch (error) {
        this.#onFailure(error);
        return false;
      }
    });
  }

  /** Whether a service wants metas and documents of an entity that were not requested. */
  async wants(entity: ID, sender: ID): Promise<boolean> {
    for (const service of this.#services) {
      try {
        if (await service.wants?.(entity, sender)) return true;
      } catch (error) {
        this.#onFailure(error);
      }
    }
    return false;
  }

  /** Further members for an outgoing content. @throws what a service throws */
  async extra(content: Content, receiver: ID): Promise<JsonObject> {
    const members: Record<string, JsonObject[string]> = {};
    for (const service of this.#services) {
      Object.assign(members, await service.extra?.(content, receiver));
    }
    return members;
  }

  /** The answer of the first service that knows whether a sender may speak in a group. */
  async membership(
    group: ID,
    sender: ID,
    content: Content,
  ): Promise<'yes' | 'no' | 'wait' | undefined> {
    for (const service of this.#services) {
      const answer = await service.membership?.(group, sender, content);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  /** @throws {@link ServiceFault}: an answer that cannot be sent says nothing about the message */
  #stamped({ name }: ContentService, answers: readonly Draft[]): readonly Content[] {
    const { protocol, clock } = this.#facebook;
    try {
      return answers.map((each) => protocol.contents.stamp(each, { time: seconds(clock) }));
    } catch (error) {
      throw new ServiceFault(name, error);
    }
  }

  #of(content: Content): readonly ContentService[] {
    return this.#services.filter(({ kinds }) =>
      kinds === '*' ? isForPeople(content) : kinds.includes(content.kind),
    );
  }
}

function isForPeople(content: Content): boolean {
  return !isCommand(content) && !STANDARD_KINDS.has(content.kind);
}

/** Calls a service. @throws the `ProtocolError` that it throws; a {@link ServiceFault} with any other error */
async function guarded<T>({ name }: ContentService, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isProtocolError(error) ? error : new ServiceFault(name, error);
  }
}

/** Checks changes: a store would refuse the whole batch because of one of them. @throws `TypeError`, `RangeError` */
function checked<T extends Sent>(result: T | undefined): Partial<T> {
  if (typeof result !== 'object' || result === null) return {};
  for (const change of result.changes ?? []) {
    checkStoreKey(change.key);
    if (change.type === 'set' && !(change.value instanceof Uint8Array)) {
      throw new TypeError('the value of a change must be bytes');
    }
  }
  return result;
}
