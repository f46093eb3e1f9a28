import { type AnyAlgorithm, type KeyPairName, type KeyRegistry, keyRegistry } from '@dimp/crypto';
import {
  type AnyContentType,
  type Content,
  type ContentOf,
  type ContentRegistry,
  contentRegistry,
  parseReliableMessage,
  type ReliableMessage,
  type UnknownContent,
} from '@dimp/dkd';
import { type JsonObject, ProtocolError, parseJsonObject, type Reduction } from '@dimp/foundation';
import {
  type AddressRegistry,
  addressRegistry,
  type DocumentRegistry,
  documentRegistry,
  type ID,
  idReader,
  type MetaRegistry,
  metaRegistry,
} from '@dimp/mkm';
import { normalizeContent, normalizeMessage } from '../dialects/incoming.ts';
import type { ContentsOf, Extension, KeysOf } from './extension.ts';

/**
 * Reads and creates the data of the protocol with a fixed set of plug-ins. A protocol is immutable and has no user state, so
 * several can be used side by side.
 */
export interface Protocol<
  K extends AnyAlgorithm = AnyAlgorithm,
  C extends AnyContentType = AnyContentType,
> {
  readonly keys: KeyRegistry<K>;
  readonly addresses: AddressRegistry;
  readonly metas: MetaRegistry;
  readonly documents: DocumentRegistry;
  readonly contents: ContentRegistry<C>;
  /** Names of its extensions. */
  readonly extensions: readonly string[];
  /** What its extensions add to `accepts` in the visas of users. */
  readonly abilities?: readonly string[];
  /**
   * Reads an ID, with a bounded cache.
   *
   * @throws `format/field`, `unsupported/address`
   */
  parseID(text: unknown): ID;
  /**
   * Reads a reliable message from bytes, text, or an object that passed the JSON gate. Verifies nothing.
   *
   * @throws `format/` codes, `unsupported/address`
   */
  parseMessage(input: Uint8Array | string | JsonObject): ReliableMessage;
  /**
   * Reads a content from bytes, text, or an object that passed the JSON gate.
   *
   * @throws `format/` codes
   */
  parseContent(input: Uint8Array | string | JsonObject): ContentOf<C> | UnknownContent;
  /** Drops a part of the caches, half by default. */
  reduceMemory(part?: Reduction): void;
}

/** The contents that a protocol can read and create. */
export type ContentsOfProtocol<P> = P extends { readonly contents: ContentRegistry<infer C> }
  ? ContentOf<C>
  : Content;

/** Names of the key pair algorithms of a protocol. */
export type KeyNamesOfProtocol<P> = P extends { readonly keys: KeyRegistry<infer K> }
  ? KeyPairName<K>
  : string;

/**
 * Creates a protocol from extensions. The compiler knows what they register.
 *
 * @throws `registry/duplicate` if two plug-ins share a name; `registry/missing-dependency` if a required extension is missing;
 *   `TypeError` for anything but an extension, such as a function that was not called
 *
 * @example
 * ```ts
 * const protocol = createProtocol(standard(), defineExtension({ name: 'mine', contents: [Greeting] }));
 * ```
 */
export function createProtocol<const E extends readonly (Extension & NotAFunction)[]>(
  ...extensions: E
): Protocol<KeysOf<E[number]>, ContentsOf<E[number]>>;
export function createProtocol(...extensions: readonly Extension[]): Protocol {
  checkExtensions(extensions);
  const keys = keyRegistry(...extensions.flatMap((each) => each.keys ?? []));
  const addresses = addressRegistry(...extensions.flatMap((each) => each.addresses ?? []));
  const ids = idReader(addresses);
  const contents = contentRegistry(
    {
      ids,
      normalize: normalizeContent,
      replace: extensions.flatMap((each) => each.replaces ?? []),
    },
    ...extensions.flatMap((each) => each.contents ?? []),
  );
  const protocol: Protocol = {
    keys,
    addresses,
    metas: metaRegistry({ keys, addresses }, ...extensions.flatMap((each) => each.metas ?? [])),
    documents: documentRegistry(
      { readID: ids.parse },
      ...extensions.flatMap((each) => each.documents ?? []),
    ),
    contents,
    extensions: Object.freeze(extensions.map((each) => each.name)),
    abilities: Object.freeze(extensions.flatMap((each) => each.abilities ?? [])),
    parseID: ids.parse,
    parseMessage(input) {
      const received = read(input);
      return parseReliableMessage(normalizeMessage(received), ids.parse, received);
    },
    parseContent: (input) => contents.parse(read(input)),
    reduceMemory: (part) => ids.reduceMemory(part),
  };
  return Object.freeze(protocol);
}

function read(input: Uint8Array | string | JsonObject): JsonObject {
  return typeof input === 'string' || input instanceof Uint8Array ? parseJsonObject(input) : input;
}

/** Excludes functions, which have a name and would pass as empty extensions. Only functions have `apply`. */
interface NotAFunction {
  readonly apply?: never;
}

function checkExtensions(extensions: readonly Extension[]): void {
  for (const each of extensions as readonly unknown[]) {
    if (typeof each === 'object' && each !== null) continue;
    throw new TypeError(
      typeof each === 'function'
        ? `createProtocol takes extensions: call ${each.name || 'the function'}()`
        : 'createProtocol takes extensions',
    );
  }
  const names = extensions.map((each) => each.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ProtocolError('registry/duplicate', `extension "${twice}" is listed twice`, {
      details: { name: twice },
    });
  }
  for (const { name, requires = [] } of extensions) {
    const missing = requires.find((each) => !names.includes(each));
    if (missing !== undefined) {
      throw new ProtocolError(
        'registry/missing-dependency',
        `extension "${name}" requires "${missing}"`,
        { details: { name, missing } },
      );
    }
  }
}
