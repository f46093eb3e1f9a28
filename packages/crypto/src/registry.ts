import {
  callForeign,
  type ForeignFailure,
  fieldError,
  isJsonObject,
  type Json,
  ownMember,
  ProtocolError,
} from '@dimp/foundation';
import type { AnyAlgorithm, KeyAlgorithm, SymmetricAlgorithm } from './algorithm.ts';
import type { KeyWire } from './key.ts';

/** Names of the key pair algorithms among `T`. */
export type KeyPairName<T> = T extends { kind: 'key-pair'; name: infer N extends string }
  ? N
  : never;
/** Names of the symmetric algorithms among `T`. */
export type SymmetricName<T> = T extends { kind: 'symmetric'; name: infer N extends string }
  ? N
  : never;
/** The private key type of the algorithm called `N`. */
export type PrivateKeyOf<T, N> =
  T extends KeyAlgorithm<infer M, infer P, infer _Q, infer _O> ? (N extends M ? P : never) : never;
/** The public key type of the algorithm called `N`. */
export type PublicKeyOf<T, N> =
  T extends KeyAlgorithm<infer M, infer _P, infer Q, infer _O> ? (N extends M ? Q : never) : never;
/** The symmetric key type of the algorithm called `N`. */
export type SymmetricKeyOf<T, N> =
  T extends SymmetricAlgorithm<infer M, infer K, infer _O> ? (N extends M ? K : never) : never;
type OptionsOf<T, N> =
  T extends KeyAlgorithm<infer M, infer _P, infer _Q, infer O>
    ? N extends M
      ? O
      : never
    : T extends SymmetricAlgorithm<infer M, infer _K, infer O>
      ? N extends M
        ? O
        : never
      : never;

/**
 * The key algorithms of one protocol instance. The compiler knows what was registered: an unknown name does not compile, and a
 * key has exactly the abilities of its algorithm.
 */
export interface KeyRegistry<T extends AnyAlgorithm = AnyAlgorithm> {
  /** Generates a key pair with the platform's random generator. */
  generate<N extends KeyPairName<T>>(
    name: N,
    options?: OptionsOf<T, N>,
  ): Promise<PrivateKeyOf<T, N>>;
  /** Generates a symmetric key. */
  generateSymmetric<N extends SymmetricName<T>>(
    name: N,
    options?: OptionsOf<T, N>,
  ): Promise<SymmetricKeyOf<T, N>>;
  /**
   * Reads a public key.
   *
   * @throws `format/field` for anything but a key object; `unsupported/algorithm`; `crypto/key` for unusable material and for
   *   any other error of the algorithm
   */
  parsePublic(wire: Json | undefined): PublicKeyOf<T, KeyPairName<T>>;
  /** Reads a private key; same errors as {@link KeyRegistry.parsePublic}. */
  parsePrivate(wire: Json | undefined): PrivateKeyOf<T, KeyPairName<T>>;
  /** Reads a symmetric key; same errors as {@link KeyRegistry.parsePublic}. */
  parseSymmetric(wire: Json | undefined): SymmetricKeyOf<T, SymmetricName<T>>;
  /** Whether keys of this symmetric algorithm may arrive as message keys (spec §14.2 #18). */
  allowsMessageKey(name: string): boolean;
  /** Creates a registry with more algorithms; this one does not change. */
  with<const U extends readonly AnyAlgorithm[]>(...more: U): KeyRegistry<T | U[number]>;
  /** All registered algorithms, in order. */
  readonly algorithms: readonly T[];
}

/**
 * Creates a registry of key algorithms.
 *
 * @throws `registry/duplicate` if two algorithms of a kind share a name or alias
 *
 * @example
 * ```ts
 * const keys = keyRegistry(rsa, ecc, aes);
 * const identity = await keys.generate('RSA', { bits: 2048 });
 * ```
 */
export function keyRegistry<const T extends readonly AnyAlgorithm[]>(
  ...algorithms: T
): KeyRegistry<T[number]>;
export function keyRegistry(...algorithms: readonly AnyAlgorithm[]): KeyRegistry {
  const pairs = table(algorithms, 'key-pair');
  const symmetric = table(algorithms, 'symmetric');
  const registry = {
    algorithms: Object.freeze([...algorithms]),
    generate: async (name: string, options?: object) => find(pairs, name).generate(options),
    generateSymmetric: async (name: string, options?: object) =>
      find(symmetric, name).generate(options),
    parsePublic: (wire: Json | undefined) => read(pairs, wire, (a, key) => a.parsePublic(key)),
    parsePrivate: (wire: Json | undefined) => read(pairs, wire, (a, key) => a.parsePrivate(key)),
    parseSymmetric: (wire: Json | undefined) => read(symmetric, wire, (a, key) => a.parse(key)),
    allowsMessageKey: (name: string) => symmetric.get(name)?.messageKey ?? false,
    with: (...more: readonly AnyAlgorithm[]) => keyRegistry(...algorithms, ...more),
  };
  return Object.freeze<KeyRegistry>(registry);
}

function table<K extends AnyAlgorithm['kind']>(
  algorithms: readonly AnyAlgorithm[],
  kind: K,
): Map<string, Extract<AnyAlgorithm, { kind: K }>> {
  const found = new Map<string, Extract<AnyAlgorithm, { kind: K }>>();
  for (const algorithm of algorithms) {
    if (algorithm.kind !== kind) continue;
    for (const name of [algorithm.name as string, ...(algorithm.aliases ?? [])]) {
      if (found.has(name)) {
        throw new ProtocolError(
          'registry/duplicate',
          `key algorithm "${name}" is registered twice`,
          { details: { name } },
        );
      }
      found.set(name, algorithm as Extract<AnyAlgorithm, { kind: K }>);
    }
  }
  return found;
}

function find<A>(algorithms: ReadonlyMap<string, A>, name: string): A {
  const algorithm = algorithms.get(name);
  if (algorithm === undefined) {
    throw new ProtocolError('unsupported/algorithm', 'key algorithm is not registered', {
      details: { algorithm: name.slice(0, 64) },
    });
  }
  return algorithm;
}

/** Algorithms are plug-ins and read keys of peers: any error of theirs refuses the key and nothing else. */
const UNREADABLE: ForeignFailure = { code: 'crypto/key', message: 'key cannot be read' };

function read<A, K extends object>(
  algorithms: ReadonlyMap<string, A>,
  wire: Json | undefined,
  parse: (algorithm: A, wire: KeyWire) => K,
): K {
  if (!isJsonObject(wire)) throw fieldError('key', 'must be a JSON object');
  const name = ownMember(wire, 'algorithm');
  if (typeof name !== 'string') throw fieldError('algorithm', 'must be a non-empty text');
  const algorithm = find(algorithms, name);
  const key: unknown = callForeign(UNREADABLE, () => parse(algorithm, wire as KeyWire));
  if (typeof key === 'object' && key !== null) return key as K;
  throw new ProtocolError(UNREADABLE.code, UNREADABLE.message);
}
