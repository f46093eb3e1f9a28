import type { SymmetricKey } from '@dimp/crypto';
import { sha256 } from '@dimp/crypto/digests';
import {
  type Content,
  type Envelope,
  type InstantMessage,
  isBroadcast,
  type ReliableMessage,
  type SecureMessage,
  type Verified,
} from '@dimp/dkd';
import {
  DEFAULT_JSON_LIMITS,
  encodeBase64,
  fieldError,
  isProtocolError,
  type JsonObject,
  ProtocolError,
  parseJsonObject,
  type Reduction,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { LocalIdentity } from '../barrack/archive.ts';
import type { Barrack } from '../barrack/barrack.ts';
import { deployed } from '../dialects/deployed.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { normalizeContent } from '../dialects/incoming.ts';
import { normalizeType } from '../dialects/type-number.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { type AttachmentOptions, Attachments } from './attachments.ts';
import { checkContentAgainstEnvelope, needsMembership, spokenContents } from './content-check.ts';
import { destinationOf } from './direction.ts';
import { KeyCache } from './key-cache.ts';
import { decryptError, isUnreadable, MessageKeys } from './message-keys.ts';
import { ownKeys } from './own-keys.ts';
import { isWaiting, type Waiting, waiting } from './waiting.ts';

/** What a transceiver is made with. */
export interface TransceiverOptions {
  readonly barrack: Barrack;
  readonly keyCache?: KeyCache;
  /** How peers want things spelled; today's network by default. */
  readonly dialect?: Dialect;
  /** Symmetric algorithm of new message keys, `AES` by default; never one that keeps no secret, such as PLAIN. */
  readonly cipher?: string;
}

/** Options of packing one message. */
export interface PackOptions extends AttachmentOptions {
  /** Another spelling for this message, for a peer of another generation. */
  readonly dialect?: Dialect;
}

/**
 * The pipeline between a content and the bytes on the wire:
 * instant → `encrypt` → secure → `sign` → reliable → `serialize` → bytes, and back through `deserialize`, `verify`,
 * `decrypt`. Each step accepts only what the one before it made.
 */
export class Transceiver {
  readonly protocol: Protocol;
  readonly barrack: Barrack;
  readonly keyCache: KeyCache;
  readonly dialect: Dialect;
  readonly #cipher: string;
  readonly #messageKeys: MessageKeys;
  readonly #attachments: Attachments;
  readonly #verified = new WeakSet<ReliableMessage>();
  readonly #openedWith = new WeakMap<InstantMessage, SymmetricKey>();

  constructor(options: TransceiverOptions) {
    const { barrack, keyCache, dialect = deployed, cipher = 'AES' } = options;
    this.protocol = barrack.protocol;
    this.barrack = barrack;
    this.keyCache = keyCache ?? new KeyCache({ clock: barrack.clock });
    this.dialect = dialect;
    this.#cipher = cipher;
    this.#messageKeys = new MessageKeys(barrack.protocol);
    this.#attachments = new Attachments(barrack);
  }

  /**
   * Encrypts a content for its receiver: a user, each member of a group, or nobody in particular, in which case it
   * stays plain text (spec §8.3).
   *
   * @returns the secure message, or what has to arrive first: the receiver's visa, the group's members. Members whose
   *   key is not known are left out, as long as there is one whose key is.
   * @throws `format/limit` for a content that no message can hold; `unsupported/algorithm` for a cipher that is not
   *   registered, `TypeError` for one that keeps no secret (spec §14.2 #18).
   */
  async encrypt(
    message: InstantMessage,
    { dialect = this.dialect }: Pick<PackOptions, 'dialect'> = {},
  ): Promise<SecureMessage | Waiting> {
    const { envelope, content } = message;
    const wire = dialect.outgoing('content', normalizeContent(content.wire));
    const text = stringifyJson(wire);
    const plaintext = utf8Encode(text);
    if (plaintext.length > DEFAULT_JSON_LIMITS.maxBytes) throw tooLarge();
    const head = envelopeWire(message);
    if (isBroadcast(envelope)) {
      return {
        envelope: { ...envelope, type: content.type },
        broadcast: true,
        data: plaintext,
        wire: { ...head, data: text },
      };
    }
    const receivers = await this.#receivers(envelope.receiver);
    if (isWaiting(receivers)) return receivers;
    const key = await this.#sendingKey(envelope, receivers, dialect);
    const { ciphertext, extra } = await key.encrypt(plaintext);
    const keys: Record<string, string> = {};
    for (const [receiver, encryptKey] of receivers) {
      keys[receiver.entity] = await this.#messageKeys.wrap(key, encryptKey, dialect);
    }
    const personal = envelope.receiver.isGroup ? undefined : keys[envelope.receiver.entity];
    return {
      envelope: { ...envelope, type: content.type },
      broadcast: false,
      data: ciphertext,
      keys,
      wire: {
        ...head,
        ...extra,
        data: encodeBase64(ciphertext),
        ...(personal === undefined ? { keys } : { key: personal }),
      },
    };
  }

  /**
   * Signs a secure message with its sender's identity key (spec §8.4). The signature covers the data and nothing else;
   * the rest is what the peers of this dialect expect.
   *
   * @throws `identity/not-found` if the sender is no user of this machine.
   */
  async sign(
    message: SecureMessage,
    { dialect = this.dialect, ...attach }: PackOptions = {},
  ): Promise<ReliableMessage> {
    const { sender } = message.envelope;
    const signer = await this.barrack.requireSigner(sender);
    const signature = await signer.sign(message.data);
    const attached = await this.#attachments.wire(sender, attach);
    const wire = dialect.outgoing('message', {
      ...message.wire,
      signature: encodeBase64(signature),
      ...attached,
    });
    return Object.freeze({ ...message, signature, ...attached, wire });
  }

  /**
   * Verifies a message with its sender's meta key, and with no other: a visa key that could sign would let whoever holds
   * the communication key speak for the user (spec §14.1 #6). An attached meta and visa are checked first and kept.
   *
   * @returns the message, marked as verified, or that the sender's meta has to arrive first
   * @throws `crypto/signature`; `identity/meta-mismatch` and `identity/document-invalid` for wrong attachments.
   */
  async verify(message: ReliableMessage): Promise<Verified<ReliableMessage> | Waiting> {
    const { sender } = message.envelope;
    if (sender.isBroadcast || sender.isGroup) throw fieldError('sender', 'is no single user');
    const attached = await this.#attachments.check(message);
    const key = attached.meta?.key ?? (await this.barrack.verifyKey(sender));
    if (key === undefined) return waiting('meta', sender);
    if (!(await key.verify(message.data, message.signature))) {
      throw new ProtocolError('crypto/signature', 'message is not signed by its sender', {
        details: { sender: sender.text },
      });
    }
    await this.#attachments.keep(sender, attached);
    const verified = Object.freeze({ ...message }) as Verified<ReliableMessage>;
    this.#verified.add(verified);
    return verified;
  }

  /**
   * Opens a verified message and checks its content against the envelope (spec §8.6, §14.7 no. 6).
   *
   * @throws `crypto/decrypt`, one code for everything up to the content's JSON; `format/` codes for the content;
   *   `policy/unauthorized` for a sender who is no member of a known group; `identity/not-found` if the message is for
   *   no user of this machine.
   */
  async decrypt(message: Verified<ReliableMessage>): Promise<InstantMessage> {
    if (!this.#verified.has(message)) {
      throw new TypeError('only messages that this transceiver verified can be decrypted');
    }
    const { envelope } = message;
    const local = await this.barrack.selectLocalUser(envelope.receiver);
    if (local === undefined) {
      throw new ProtocolError('identity/not-found', 'message is for no user of this machine', {
        details: { id: envelope.receiver.text },
      });
    }
    if (message.broadcast) return this.#read(message, message.data);
    const destination = destinationOf(envelope);
    let refused: unknown;
    for (const key of await this.#candidateKeys(message, local, destination)) {
      const plaintext = await this.#open(message, key);
      if (plaintext === undefined) continue;
      try {
        const instant = await this.#read(message, plaintext);
        this.#openedWith.set(instant, key);
        if ((await this.barrack.localIdentity(envelope.sender)) === undefined) {
          await this.keyCache.learnReceivedKey(envelope.sender, destination, key);
        }
        return instant;
      } catch (error) {
        // Another remembered key may fit: a wrong one can leave a valid padding by chance.
        if (!isProtocolError(error, 'crypto/decrypt')) throw error;
        refused = error;
      }
    }
    throw refused ?? decryptError();
  }

  /**
   * The key that opened a message. The oldest peers encrypt a file with it, and tell nothing of that (spec §13.1).
   *
   * @returns undefined for a broadcast
   */
  messageKeyOf(message: InstantMessage): SymmetricKey | undefined {
    return this.#openedWith.get(message);
  }

  /**
   * The bytes of a message as they travel: UTF-8 JSON, nothing behind it (spec §8.11).
   *
   * @throws `format/limit` for a message that no reader would take (spec §14.7 no. 7); send what is large as a file.
   */
  serialize(message: ReliableMessage): Uint8Array {
    const bytes = utf8Encode(stringifyJson(message.wire));
    if (bytes.length > DEFAULT_JSON_LIMITS.maxBytes) throw tooLarge();
    return bytes;
  }

  /**
   * Reads a message. Nothing is verified yet.
   *
   * @throws `format/` codes, `unsupported/address`
   */
  deserialize(bytes: Uint8Array | string): ReliableMessage {
    return this.protocol.parseMessage(bytes);
  }

  /** Forgets a part of what is remembered, half by default. */
  reduceMemory(part?: Reduction): void {
    this.#messageKeys.reduceMemory(part);
    this.keyCache.reduceMemory(part);
    this.barrack.reduceMemory(part);
  }

  async #receivers(receiver: ID): Promise<Receivers | Waiting> {
    if (receiver.isUser) {
      const key = await this.barrack.encryptKey(receiver);
      return key === undefined ? waiting('visa', receiver) : [[receiver, key]];
    }
    const members = await this.barrack.members(receiver);
    const receivers: (readonly [ID, EncryptKeyOf])[] = [];
    for (const member of members) {
      const key = await this.barrack.encryptKey(member);
      if (key !== undefined) receivers.push([member, key]);
    }
    const [first] = members;
    if (first === undefined) return waiting('members', receiver);
    return receivers.length === 0 ? waiting('visa', first) : receivers;
  }

  async #sendingKey(
    envelope: Envelope,
    receivers: Receivers,
    dialect: Dialect,
  ): Promise<SymmetricKey> {
    const { sender } = envelope;
    const destination = destinationOf(envelope);
    // A key with an IV inside serves one message only.
    if (dialect.ivInKey) return this.#newKey(dialect);
    const holders = holdersOf(receivers);
    const known = await this.keyCache.sendingKey(sender, destination, holders);
    if (known !== undefined) return known;
    const key = await this.#newKey(dialect);
    await this.keyCache.useSendingKey(sender, destination, key, holders);
    return key;
  }

  async #newKey(dialect: Dialect): Promise<SymmetricKey> {
    const options = dialect.ivInKey ? { iv: true } : {};
    const key = await this.protocol.keys.generateSymmetric(this.#cipher, options);
    if (!this.protocol.keys.allowsMessageKey(key.algorithm)) {
      throw new TypeError(`keys of ${this.#cipher} keep no secret, so no receiver would take them`);
    }
    return key;
  }

  /** The key that came with the message, else those that came before it in the same direction. */
  async #candidateKeys(
    message: ReliableMessage,
    local: LocalIdentity,
    destination: ID,
  ): Promise<readonly SymmetricKey[]> {
    const wrapped = ownKeys(message, local.id);
    if (wrapped.length === 0) {
      return this.keyCache.receivedKeys(message.envelope.sender, destination);
    }
    const keys: SymmetricKey[] = [];
    for (const each of wrapped) {
      const key = await this.#messageKeys.unwrap(each, local);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  async #open(message: ReliableMessage, key: SymmetricKey): Promise<Uint8Array | undefined> {
    try {
      return await key.decrypt(message.data, message.wire);
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }

  async #read(message: ReliableMessage, plaintext: Uint8Array): Promise<InstantMessage> {
    const { envelope } = message;
    const received = parseContentJson(plaintext);
    checkContentAgainstEnvelope(
      normalizeContent(received),
      envelope,
      envelope.type === undefined ? undefined : normalizeType(envelope.type),
      this.protocol.parseID,
    );
    const content: Content = this.protocol.contents.parse(received);
    for (const each of spokenContents(content)) await this.#checkMembership(envelope.sender, each);
    return Object.freeze({ envelope, content });
  }

  async #checkMembership(sender: ID, content: Content): Promise<void> {
    const { group } = content;
    if (group === undefined || group.isBroadcast) return;
    if (!group.isGroup) throw fieldError('group', 'is no group');
    if (!needsMembership(content)) return;
    if (!(await this.barrack.maySpeak(group, sender))) {
      throw new ProtocolError('policy/unauthorized', 'sender is no member of the group', {
        details: { group: group.text, sender: sender.text },
      });
    }
  }
}

type EncryptKeyOf = NonNullable<Awaited<ReturnType<Barrack['encryptKey']>>>;
type Receivers = readonly (readonly [receiver: ID, key: EncryptKeyOf])[];

/** Stands for a set of receivers: the one itself, or the digest of their sorted names. NUL is in no name. */
function holdersOf(receivers: Receivers): string {
  const names = receivers.map(([receiver]) => receiver.entity);
  const [first] = names;
  if (names.length === 1 && first !== undefined) return first;
  return encodeBase64(sha256(utf8Encode(names.sort().join('\u0000'))));
}

function envelopeWire({ envelope, content }: InstantMessage): JsonObject {
  const { sender, receiver, time, group } = envelope;
  return {
    sender: sender.text,
    receiver: receiver.text,
    time,
    ...(group === undefined ? {} : { group: group.text }),
    type: content.type,
  };
}

function tooLarge(): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'message is too large', {
    details: { limit: 'bytes', max: DEFAULT_JSON_LIMITS.maxBytes },
  });
}

function parseContentJson(plaintext: Uint8Array): JsonObject {
  try {
    return parseJsonObject(plaintext);
  } catch (error) {
    if (isProtocolError(error, 'format/json')) throw decryptError();
    throw error;
  }
}
