import type { AnyAlgorithm } from '@dimp/crypto';
import type { AnyContentType } from '@dimp/dkd';
import type { AddressType, DocumentType, MetaType } from '@dimp/mkm';

/** A named bundle of plug-ins. All its members except the name are optional. */
export interface Extension<
  K extends AnyAlgorithm = AnyAlgorithm,
  C extends AnyContentType = AnyContentType,
> {
  /** Unique in a protocol. */
  readonly name: string;
  readonly keys?: readonly K[];
  readonly addresses?: readonly AddressType[];
  readonly metas?: readonly MetaType[];
  readonly documents?: readonly DocumentType[];
  readonly contents?: readonly C[];
  /** What a program with this extension can do, for the property `accepts` in its users' visas; such as `chat-1`. */
  readonly abilities?: readonly string[];
  /** Names of extensions that must be present too. */
  readonly requires?: readonly string[];
  /** Kinds of contents of earlier extensions that this extension replaces. */
  readonly replaces?: readonly string[];
}

/** Key algorithms of an extension. */
export type KeysOf<E> = E extends { readonly keys?: readonly (infer K)[] }
  ? Extract<K, AnyAlgorithm>
  : never;
/** Content types of an extension. */
export type ContentsOf<E> = E extends { readonly contents?: readonly (infer C)[] }
  ? Extract<C, AnyContentType>
  : never;

/**
 * Bundles plug-ins under a name and keeps their types.
 *
 * @example
 * ```ts
 * const polls = defineExtension({ name: 'polls', contents: [Poll, Vote] });
 * const protocol = createProtocol(standard(), polls);
 * ```
 */
export function defineExtension<
  const K extends readonly AnyAlgorithm[] = readonly [],
  const C extends readonly AnyContentType[] = readonly [],
>(
  extension: Omit<Extension, 'keys' | 'contents'> & { readonly keys?: K; readonly contents?: C },
): Extension<K[number], C[number]> {
  return Object.freeze({ ...extension }) as Extension<K[number], C[number]>;
}
