import type { Json } from '@dimp/foundation';

/** Error in a value. The message follows the key, such as `must be a port`. */
export class SettingProblem extends Error {
  override readonly name: string = 'SettingProblem';
}

/** Context that the meaning of a value depends on. */
export interface ReadContext {
  /** Folder that relative paths start from. */
  readonly folder: string;
}

/** A kind of value: how it is parsed and formatted. */
export interface Kind<T> {
  /** Placeholder for a value in help texts, such as `SIZE`. */
  readonly placeholder: string;
  /**
   * Parses the text of a flag or environment variable, or a value of the file.
   *
   * @throws {@link SettingProblem}
   */
  read(input: Json, context: ReadContext): T;
  /** Formats a value so that {@link read} accepts it. */
  show(value: T): string;
}

/** One setting of the station. */
export interface Setting<T> {
  /** Description for help texts, without a full stop. */
  readonly what: string;
  readonly kind: Kind<T>;
  /** The default; undefined for a setting without one. */
  readonly fallback: T;
  /** A secret is never shown, and has no flag, because other users of the machine can see flags. */
  readonly secret: boolean;
}

/** A table that has a setting for each member of some options, and may have more. */
export type Complete<Options, Name extends string> = {
  readonly [K in keyof Options & string as `${Name}.${K}`]: Setting<Options[K]>;
} & Readonly<Record<string, Setting<unknown>>>;

/** A setting with a default. */
export function setting<T>(what: string, kind: Kind<T>, fallback: T): Setting<T> {
  return { what, kind, fallback, secret: false };
}

/** A setting without a default. */
export function optional<T>(what: string, kind: Kind<T>): Setting<T | undefined> {
  return { what, kind: optionalKind(kind), fallback: undefined, secret: false };
}

/** A secret setting without a default. */
export function secret<T>(what: string, kind: Kind<T>): Setting<T | undefined> {
  return { ...optional(what, kind), secret: true };
}

function optionalKind<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    placeholder: kind.placeholder,
    read: (input, context) => kind.read(input, context),
    show: (value) => (value === undefined ? '' : kind.show(value)),
  };
}
