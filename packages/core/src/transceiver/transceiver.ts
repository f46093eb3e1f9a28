import {
  ivFor,
  type Sealed,
  type SymmetricKey,
  sealWith,
  signWith,
  verifySignature,
} from '@dimp/crypto';
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
  definedOnly,
  type EventSource,
  Events,
  encodeBase64,
  encodeTed,
  fieldError,
  type JsonObject,
  ProtocolError,
  type Reduction,
  randomBytes,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Barrack } from '../barrack/barrack.ts';
import { deployed } from '../dialects/deployed.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { normalizeContent } from '../dialects/incoming.ts';
import type { Protocol } from '../protocol/protocol.ts';
import { associatedData } from './associated-data.ts';
import { type AttachmentOptions, Attachments } from './attachments.ts';
import { writeBound } from './binding.ts';
import { bindEnvelope, namesEnvelope } from './content-check.ts';
import { isUnreadable } from './decrypt-error.ts';
import { destinationOf } from './direction.ts';
import { KeyCache } from './key-cache.ts';
import { KeyOwners } from './key-owners.ts';
import { KeyOwnership } from './key-ownership.ts';
import { MessageKeys } from './message-keys.ts';
import { MessageOpener, type TransceiverEvents } from './message-opener.ts';
import type { DecryptFailure, DecryptOptions, Opening } from './opening.ts';
import { findReceivers, holdersOf, keyMembers, type Receiver, wrapFor } from './receivers.ts';
import { isWaiting, type Waiting, waiting } from './waiting.ts';

/** Options for a {@link Transceiver}. */
export interface TransceiverOptions {
  readonly barrack: Barrack;
  readonly keyCache?: KeyCache;
  /** Dialect of the peers; that of the current network by default. */
  readonly dialect?: Dialect;
  /** Records the owners of message keys; in memory by default. */
  readonly keyOwners?: KeyOwners;
  /**
   * Symmetric algorithm of new message keys; must keep a secret, unlike PLAIN. By default `AES-GCM` if the visas of all receivers
   * accept it, else `AES`.
   */
  readonly cipher?: string;
}

/** Options for packing one message. */
export interface PackOptions extends AttachmentOptions {
  /** Dialect of this message, for a peer of another generation. */
  readonly dialect?: Dialect;
}

/**
 * The pipeline between a content and the bytes on the wire: instant → `encrypt` → secure → `sign` → reliable → `serialize` →
 * bytes, and back through `deserialize`, `verify`, `decrypt`. Each step accepts only the result of the previous one.
 */
export class Transceiver {
  readonly protocol: Protocol;
  readonly barrack: Barrack;
  readonly keyCache: KeyCache;
  readonly keyOwners: KeyOwners;
  readonly dialect: Dialect;
  readonly #cipher: string | undefined;
  readonly #messageKeys: MessageKeys;
  readonly #ownership: KeyOwnership;
  readonly #opener: MessageOpener;
  readonly #attachments: Attachments;
  readonly #events = new Events<TransceiverEvents>({ weaker: true });
  readonly #verified = new WeakSet<ReliableMessage>();

  constructor(options: TransceiverOptions) {
    const { barrack, keyCache, keyOwners = new KeyOwners(), dialect = deployed } = options;
    this.protocol = barrack.protocol;
    this.barrack = barrack;
    this.keyCache = keyCache ?? new KeyCache({ clock: barrack.clock });
    this.keyOwners = keyOwners;
    this.dialect = dialect;
    this.#cipher = options.cipher;
    this.#messageKeys = new MessageKeys(barrack.protocol);
    this.#ownership = new KeyOwnership(keyOwners, barrack);
    this.#opener = new MessageOpener({
      barrack,
      keyCache: this.keyCache,
      messageKeys: this.#messageKeys,
      ownership: this.#ownership,
      events: this.#events,
    });
    this.#attachments = new Attachments(barrack);
  }

  /** Source of the events. */
  get events(): EventSource<TransceiverEvents> {
    return this.#events;
  }

  /**
   * Encrypts a content for its receiver: a user, or each member of a group. A content for a broadcast receiver stays plaintext
   * (spec §8.3).
   *
   * @returns the secure message, or what has to arrive first: the receiver's visa, or the group's members. Members whose key is
   *   unknown or fails are left out if the key of at least one member works.
   * @throws `crypto/key` if the keys of all receivers fail; `format/limit` for a content that is too large;
   *   `unsupported/algorithm` for a cipher that is not registered; `TypeError` for a cipher that does not keep a secret
   *   (spec §14.2 #18)
   */
  async encrypt(
    message: InstantMessage,
    { dialect = this.dialect }: Pick<PackOptions, 'dialect'> = {},
  ): Promise<SecureMessage | Waiting> {
    const { envelope, content } = message;
    const head = envelopeWire(message);
    if (isBroadcast(envelope)) {
      const text = stringifyJson(dialect.outgoing('content', normalizeContent(content.wire)));
      return {
        envelope: { ...envelope, type: content.type },
        broadcast: true,
        data: encodePlaintext(text),
        wire: { ...head, data: text },
      };
    }
    const receivers = await findReceivers(this.barrack, envelope.receiver);
    if (isWaiting(receivers)) return receivers;
    const key = await this.#sendingKey(envelope, receivers, dialect);
    const { ciphertext, extra } = await seal(message, key, dialect);
    const keys: Record<string, string> = {};
    let personal: string | undefined;
    // A member whose key fails is left out. All others still get the message.
    let unusable: unknown;
    for (const each of receivers) {
      try {
        const { base, entries } = await wrapFor(each, (to) =>
          this.#messageKeys.wrap(key, to.key, dialect, envelope.sender),
        );
        Object.assign(keys, entries);
        personal = base;
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        unusable = error;
      }
    }
    if (personal === undefined) throw unusable;
    return {
      envelope: { ...envelope, type: content.type },
      broadcast: false,
      data: ciphertext,
      keys,
      wire: {
        ...head,
        ...extra,
        data: encodeBase64(ciphertext),
        ...keyMembers(envelope.receiver, keys, personal),
      },
    };
  }

  /**
   * Signs a secure message with its sender's identity key (spec §8.4). The signature covers the data only.
   *
   * @throws `identity/not-found` if the sender is not a local user
   */
  async sign(
    message: SecureMessage,
    { dialect = this.dialect, ...attach }: PackOptions = {},
  ): Promise<ReliableMessage> {
    const { sender } = message.envelope;
    const signer = await this.barrack.requireSigner(sender);
    const signature = await signWith(signer, message.data);
    const attached = await this.#attachments.wire(sender, attach);
    const wire = dialect.outgoing('message', {
      ...message.wire,
      signature: encodeBase64(signature),
      ...attached,
    });
    return Object.freeze({ ...message, signature, ...attached, wire });
  }

  /**
   * Verifies a message with its sender's meta key, and never with a visa key: otherwise every holder of the communication key
   * could sign for the user (spec §14.1 #6). An attached meta and visa are verified first and stored.
   *
   * @returns the message, marked as verified, or that the sender's meta has to arrive first
   * @throws `crypto/signature`; `crypto/key` if the key cannot verify; `identity/meta-mismatch` and `identity/document-invalid`
   *   for invalid attachments
   */
  async verify(message: ReliableMessage): Promise<Verified<ReliableMessage> | Waiting> {
    const { sender } = message.envelope;
    if (sender.isBroadcast || sender.isGroup) throw fieldError('sender', 'must be a single user');
    const attached = await this.#attachments.check(message);
    const key = attached.meta?.key ?? (await this.barrack.verifyKey(sender));
    if (key === undefined) return waiting('meta', sender);
    if (!(await verifySignature(key, message.data, message.signature))) {
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
   * Decrypts a verified message and checks its content against the envelope (spec §8.6, §14.7 no. 6). See
   * {@link Transceiver.failureOf} for what an error means and whether the sender may learn of it.
   *
   * @throws `crypto/decrypt` for every failure up to the content's type and serial number; `format/` codes for the content;
   *   `policy/unauthorized` for a sender who is not a member of a known group; `identity/not-found` if the receiver is not a
   *   local user
   */
  async decrypt(
    message: Verified<ReliableMessage>,
    options: DecryptOptions = {},
  ): Promise<InstantMessage> {
    if (!this.#verified.has(message)) {
      throw new TypeError('only messages that this transceiver verified can be decrypted');
    }
    const { receiver } = message.envelope;
    const local = await this.barrack.selectLocalUser(receiver);
    if (local === undefined) {
      throw new ProtocolError('identity/not-found', 'the receiver is not a local user', {
        details: { id: receiver.text },
      });
    }
    return this.#opener.open(message, local, options);
  }

  /** Returns how a message was decrypted, and what that proves; undefined if this transceiver did not decrypt it. */
  openingOf(message: InstantMessage): Opening | undefined {
    return this.#opener.openingOf(message);
  }

  /**
   * Returns what an error of {@link Transceiver.decrypt} means, and so what the sender may learn of it.
   *
   * @returns undefined for an error that does not depend on the content, such as an unknown user or a failed store
   */
  failureOf(error: unknown): DecryptFailure | undefined {
    return this.#opener.failureOf(error);
  }

  /**
   * Serializes a message as UTF-8 JSON (spec §8.11).
   *
   * @throws `format/limit` for a message that is too large for its readers (spec §14.7 no. 7); send large data as a file
   */
  serialize(message: ReliableMessage): Uint8Array {
    const bytes = utf8Encode(stringifyJson(message.wire));
    if (bytes.length > DEFAULT_JSON_LIMITS.maxBytes) throw tooLarge();
    return bytes;
  }

  /**
   * Parses a message without verifying it.
   *
   * @throws `format/` codes, `unsupported/address`
   */
  deserialize(bytes: Uint8Array | string): ReliableMessage {
    return this.protocol.parseMessage(bytes);
  }

  /** Drops a part of the caches, half by default. */
  reduceMemory(part?: Reduction): void {
    this.#messageKeys.reduceMemory(part);
    this.keyCache.reduceMemory(part);
    this.barrack.reduceMemory(part);
  }

  async #sendingKey(
    envelope: Envelope,
    receivers: readonly Receiver[],
    dialect: Dialect,
  ): Promise<SymmetricKey> {
    const { sender, receiver } = envelope;
    const destination = destinationOf(envelope);
    const cipher = this.#cipherFor(receivers, dialect);
    // A key with an IV inside encrypts one message only.
    if (dialect.ivInKey) return this.#newKey(cipher, sender, receiver, { iv: true });
    const holders = holdersOf(receivers);
    const known = await this.keyCache.sendingKey(sender, destination, holders);
    // A key is never used with two algorithms.
    if (known !== undefined && known.algorithm === cipher) return known;
    const key = await this.#newKey(cipher, sender, receiver);
    await this.keyCache.useSendingKey(sender, destination, key, holders);
    return key;
  }

  /** Chooses authenticated encryption if all receivers support it. */
  #cipherFor(receivers: readonly Receiver[], dialect: Dialect): string {
    if (this.#cipher !== undefined) return this.#cipher;
    const aead =
      !dialect.ivInKey &&
      this.protocol.keys.allowsMessageKey(AEAD) &&
      receivers.every(({ keys }) => keys.every((each) => each.aead));
    return aead ? AEAD : CBC;
  }

  async #newKey(
    cipher: string,
    sender: ID,
    receiver: ID,
    options: { readonly iv?: boolean } = {},
  ): Promise<SymmetricKey> {
    const key: SymmetricKey = await this.protocol.keys.generateSymmetric(cipher, options);
    if (!this.protocol.keys.allowsMessageKey(key.algorithm)) {
      throw new TypeError(
        `${cipher} does not keep a secret, so receivers refuse it as a message key`,
      );
    }
    // Only a key that is also wrapped for the sender can come back.
    if (receiver.isGroup) await this.#ownership.made(key, sender);
    return key;
  }
}

/** Message key algorithm for receivers whose visas accept it. */
const AEAD = 'AES-GCM';
/** Message key algorithm that every generation supports. */
const CBC = 'AES';

function envelopeWire({ envelope, content }: InstantMessage): JsonObject {
  const { sender, receiver, time, group } = envelope;
  return {
    sender: sender.text,
    receiver: receiver.text,
    time,
    ...definedOnly({ group: group?.text }),
    type: content.type,
  };
}

/** Encrypts a content so that a changed one is refused. */
async function seal(
  { envelope, content }: InstantMessage,
  key: SymmetricKey,
  dialect: Dialect,
): Promise<Sealed> {
  const outgoing = ({ wire }: Content): JsonObject =>
    dialect.outgoing('content', normalizeContent(wire));
  if (key.authenticates === true) {
    const named = namesEnvelope(content) ? content : bindEnvelope(content, envelope);
    const plaintext = encodePlaintext(stringifyJson(outgoing(named)));
    return sealWith(key, plaintext, {}, associatedData(envelope));
  }
  // The content names the IV, so the IV is chosen first.
  const carrier = dialect.ivInKey ? {} : { IV: encodeTed(randomBytes(IV_LENGTH)) };
  const iv = ivFor(key, carrier);
  if (iv === undefined) return sealWith(key, encodePlaintext(stringifyJson(outgoing(content))));
  const text = writeBound(outgoing(content), iv, content, envelope);
  return sealWith(key, encodePlaintext(text), carrier);
}

/** Length of an AES-CBC IV in bytes. */
const IV_LENGTH = 16;

/** @throws `format/limit` */
function encodePlaintext(text: string): Uint8Array {
  const plaintext = utf8Encode(text);
  if (plaintext.length > DEFAULT_JSON_LIMITS.maxBytes) throw tooLarge();
  return plaintext;
}

function tooLarge(): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'message is too large', {
    details: { limit: 'bytes', max: DEFAULT_JSON_LIMITS.maxBytes },
  });
}
