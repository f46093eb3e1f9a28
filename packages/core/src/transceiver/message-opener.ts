import { ivFor, keyWire, openWith, type SymmetricKey } from '@dimp/crypto';
import type { Content, InstantMessage, ReliableMessage, Verified } from '@dimp/dkd';
import {
  definedOnly,
  type Events,
  fieldError,
  isProtocolError,
  type JsonObject,
  LruMap,
  ownMember,
  ProtocolError,
  parseJsonObject,
} from '@dimp/foundation';
import { directionKey, type ID } from '@dimp/mkm';
import type { LocalIdentity } from '../barrack/archive.ts';
import type { Barrack } from '../barrack/barrack.ts';
import { normalizeContent } from '../dialects/incoming.ts';
import { normalizeType } from '../dialects/type-number.ts';
import { associatedDataToTry } from './associated-data.ts';
import {
  checkContentAgainstEnvelope,
  checkNamed,
  namesItsSender,
  needsMembership,
  spokenContents,
} from './content-check.ts';
import { type DecryptedContent, isTimeTrusted, readDecrypted } from './content-reading.ts';
import { decryptError, isUnreadable } from './decrypt-error.ts';
import { destinationOf } from './direction.ts';
import type { KeyCache } from './key-cache.ts';
import { senderName } from './key-names.ts';
import type { KeyOwnership } from './key-ownership.ts';
import type { MessageKeys } from './message-keys.ts';
import type { DecryptFailure, DecryptOptions, Opening } from './opening.ts';
import { ownKeys } from './own-keys.ts';

/** Events of a transceiver. */
export interface TransceiverEvents {
  /**
   * A personal message without authenticated encryption arrived from a sender who used it before. The sender may have an older
   * program on another device, or this is an attack. Emitted once per visa of the sender and direction. The message is accepted.
   */
  weaker: { readonly sender: ID; readonly receiver: ID };
}

/** The parts that a {@link MessageOpener} uses. */
export interface MessageOpenerOptions {
  readonly barrack: Barrack;
  readonly keyCache: KeyCache;
  readonly messageKeys: MessageKeys;
  readonly ownership: KeyOwnership;
  readonly events: Events<TransceiverEvents>;
}

/** A message key that may decrypt a message. */
interface Candidate {
  readonly key: SymmetricKey;
  /** Whether the key object names the sender of the message. */
  readonly named: boolean;
  readonly unwrappedBy?: string;
}

/** A content, and the error if its type refused it. */
interface ReadContent {
  readonly content: Content;
  readonly refused?: ProtocolError;
}

/** Number of directions whose last {@link TransceiverEvents.weaker} is recorded. */
const WEAKER_DIRECTIONS = 4096;

/** Opens verified messages: from the wrapped key to a checked content (spec §8.6). */
export class MessageOpener {
  readonly #barrack: Barrack;
  readonly #keyCache: KeyCache;
  readonly #messageKeys: MessageKeys;
  readonly #ownership: KeyOwnership;
  readonly #events: Events<TransceiverEvents>;
  readonly #openings = new WeakMap<InstantMessage, Opening>();
  readonly #failures = new WeakMap<object, DecryptFailure>();
  readonly #compared = new WeakSet<SymmetricKey>();
  readonly #weaker = new LruMap<string, number>(WEAKER_DIRECTIONS);

  constructor(options: MessageOpenerOptions) {
    this.#barrack = options.barrack;
    this.#keyCache = options.keyCache;
    this.#messageKeys = options.messageKeys;
    this.#ownership = options.ownership;
    this.#events = options.events;
  }

  openingOf(message: InstantMessage): Opening | undefined {
    return this.#openings.get(message);
  }

  failureOf(error: unknown): DecryptFailure | undefined {
    return typeof error === 'object' && error !== null ? this.#failures.get(error) : undefined;
  }

  /** Opens a message for a local user. Throws the errors of `Transceiver.decrypt`. */
  async open(
    message: Verified<ReliableMessage>,
    local: LocalIdentity,
    options: DecryptOptions,
  ): Promise<InstantMessage> {
    if (message.broadcast) return this.#readBroadcast(message, options);
    let refused: unknown;
    for (const candidate of await this.#candidates(message, local)) {
      try {
        return await this.#openWith(message, candidate, local, options);
      } catch (error) {
        // Another key may be the right one: a wrong key can yield a valid padding by chance.
        if (this.failureOf(error) !== undefined || !isUnreadable(error)) throw error;
        refused = error;
      }
    }
    const error = toldFailure(refused);
    this.#failures.set(error, 'unreadable');
    throw error;
  }

  /** @returns the keys in the message, else the stored keys of the same direction */
  async #candidates(message: ReliableMessage, local: LocalIdentity): Promise<readonly Candidate[]> {
    const { envelope } = message;
    const name = senderName(envelope.sender);
    const wrapped = ownKeys(message, local.id);
    const candidates: Candidate[] = [];
    if (wrapped.length === 0) {
      const destination = destinationOf(envelope);
      for (const key of await this.#keyCache.receivedKeys(envelope.sender, destination)) {
        candidates.push({ key, named: ownMember(keyWire(key), 'from') === name });
      }
      return candidates;
    }
    for (const each of wrapped) {
      const opened = await this.#messageKeys.unwrap(each, local);
      if (opened === undefined) continue;
      const { key, from, unwrappedBy } = opened;
      // A wrapped key of another sender, passed on by an attacker.
      if (from !== undefined && from !== name) continue;
      candidates.push({ key, named: from !== undefined, unwrappedBy });
    }
    return candidates;
  }

  async #openWith(
    message: ReliableMessage,
    candidate: Candidate,
    local: LocalIdentity,
    options: DecryptOptions,
  ): Promise<InstantMessage> {
    const { envelope } = message;
    const { key, named, unwrappedBy } = candidate;
    const authenticated = key.authenticates === true;
    const plaintext = await decrypt(message, key);
    const read = readDecrypted(
      plaintext,
      { authenticated, iv: ivFor(key, message.wire) },
      envelope,
    );
    const proven = authenticated || named || this.#namesItsSender(read, message);
    const use = {
      key,
      user: local.id,
      sender: envelope.sender,
      proven,
      ...definedOnly({ unwrappedBy }),
    };
    await this.#ownership.check(use);
    const { content, ...refusal } = await this.#judged(proven ? 'proven' : 'unproven', () =>
      this.#readContent(message, read.wire, authenticated, options),
    );
    // A key that names its sender is useless to other senders.
    if (!authenticated && !named) await this.#ownership.remember(use);
    await this.#learn(message, key, content);
    const timeTrusted = content.time !== undefined && (authenticated || isTimeTrusted(read));
    return this.#opened(message, content, { key, proven, timeTrusted, ...refusal });
  }

  async #readBroadcast(message: ReliableMessage, options: DecryptOptions): Promise<InstantMessage> {
    const { content, ...refusal } = await this.#judged('proven', () =>
      this.#readContent(message, parseJsonObject(message.data), false, options),
    );
    return this.#opened(message, content, {
      proven: true,
      timeTrusted: content.time !== undefined,
      ...refusal,
    });
  }

  #opened({ envelope }: ReliableMessage, content: Content, opening: Opening): InstantMessage {
    const instant: InstantMessage = Object.freeze({ envelope, content });
    this.#openings.set(instant, Object.freeze(opening));
    return instant;
  }

  /** Runs the checks of a decrypted content, and records what their failure means. */
  async #judged<T>(failure: DecryptFailure, check: () => Promise<T>): Promise<T> {
    try {
      return await check();
    } catch (error) {
      if (isUnreadable(error) || isRefusal(error)) this.#failures.set(error as object, failure);
      throw error;
    }
  }

  #namesItsSender(read: DecryptedContent, { envelope }: ReliableMessage): boolean {
    if (read.namedInBound) return true;
    try {
      const { parseID } = this.#barrack.protocol;
      return namesItsSender(normalizeContent(read.wire), read.doubtful, envelope, parseID);
    } catch (error) {
      // A content that cannot be normalized names no sender. Its error is thrown later.
      if (!isUnreadable(error)) throw error;
      return false;
    }
  }

  async #readContent(
    { envelope }: ReliableMessage,
    wire: JsonObject,
    authenticated: boolean,
    { keepRefused = false, anyMember = false, maySpeak }: DecryptOptions,
  ): Promise<ReadContent> {
    const { parseID } = this.#barrack.protocol;
    const normalized = normalizeContent(wire);
    const type = envelope.type === undefined ? undefined : normalizeType(envelope.type);
    checkContentAgainstEnvelope(normalized, envelope, type, parseID);
    if (authenticated) checkNamed(normalized);
    const read = keepRefused ? this.#parseAnything(wire) : this.#parse(wire);
    if (anyMember) return read;
    for (const each of spokenContents(read.content)) {
      await this.#checkMembership(envelope.sender, each, maySpeak);
    }
    return read;
  }

  #parse(wire: JsonObject): ReadContent {
    return { content: this.#barrack.protocol.contents.parse(wire) };
  }

  /** @throws `format/` codes for an invalid content */
  #parseAnything(wire: JsonObject): ReadContent {
    try {
      return this.#parse(wire);
    } catch (error) {
      if (!isProtocolError(error, 'format/field')) throw error;
      return { content: this.#barrack.protocol.contents.parseAsUnknown(wire), refused: error };
    }
  }

  async #checkMembership(
    sender: ID,
    content: Content,
    maySpeak: DecryptOptions['maySpeak'],
  ): Promise<void> {
    const { group } = content;
    if (group === undefined || group.isBroadcast) return;
    if (!group.isGroup) throw fieldError('group', 'must be a group');
    if (!needsMembership(content)) return;
    const decided = await maySpeak?.(group, sender, content);
    if (!(decided ?? (await this.#barrack.maySpeak(group, sender)))) {
      throw new ProtocolError('policy/unauthorized', 'the sender is not a member of the group', {
        details: { group: group.text, sender: sender.text },
      });
    }
  }

  /** Stores a key for later messages without a key (spec §11.1). */
  async #learn(message: ReliableMessage, key: SymmetricKey, content: Content): Promise<void> {
    const { envelope } = message;
    const { sender } = envelope;
    if ((await this.#barrack.localIdentity(sender)) !== undefined) return;
    const destination = destinationOf(envelope);
    if (envelope.receiver.isUser && content.group === undefined) {
      await this.#compare(sender, destination, key);
    }
    await this.#keyCache.learnReceivedKey(sender, destination, key);
  }

  /** Emits {@link TransceiverEvents.weaker}, once per key. */
  async #compare(sender: ID, receiver: ID, key: SymmetricKey): Promise<void> {
    if (key.authenticates === true || this.#compared.has(key)) return;
    this.#compared.add(key);
    const known = await this.#keyCache.receivedKeys(sender, receiver);
    if (!known.some(({ authenticates }) => authenticates === true)) return;
    const direction = directionKey(sender, receiver);
    const visaTime = (await this.#barrack.document(sender))?.time ?? 0;
    if (this.#weaker.get(direction) === visaTime) return;
    this.#weaker.set(direction, visaTime);
    this.#events.emit('weaker', { sender, receiver });
  }
}

/**
 * Returns the same error with the same text for every failure, except for contents to which the vectors give other codes: because
 * of their depth, a member `__proto__`, or a missing type.
 */
function toldFailure(refused: unknown): ProtocolError {
  return isProtocolError(refused, 'format/limit') || isProtocolError(refused, 'format/field')
    ? refused
    : decryptError();
}

async function decrypt(message: ReliableMessage, key: SymmetricKey): Promise<Uint8Array> {
  const { data, wire, envelope } = message;
  if (key.authenticates !== true) return openWith(key, data, wire);
  for (const associated of associatedDataToTry(envelope)) {
    try {
      return await openWith(key, data, wire, associated);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }
  throw decryptError();
}

/** Whether an error comes from the checks and does not mean unreadable data. */
function isRefusal(error: unknown): boolean {
  return isProtocolError(error, 'policy/unauthorized');
}
