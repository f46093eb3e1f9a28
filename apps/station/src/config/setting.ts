import type { Json } from '@dimp/foundation';

/** What is wrong with a value, in words that follow the name of its key: `has to be …`. */
export class SettingProblem extends Error {
  override readonly name: string = 'SettingProblem';
}

/** Where a value stands, as far as its meaning depends on that. */
export interface ReadContext {
  /** Folder that relative paths are meant from. */
  readonly folder: string;
}

/** A kind of values: how they are written, and read. */
export interface Kind<T> {
  /** What stands for a value in help texts, such as `SIZE`. */
  readonly placeholder: string;
  /**
   * Reads the text of a flag or of a variable of the environment, or a value of the file.
   *
   * @throws {@link SettingProblem}
   */
  read(input: Json, context: ReadContext): T;
  /** A value as {@link read} takes it. */
  show(value: T): string;
}

/** One thing that an operator may set. */
export interface Setting<T> {
  /** What it is for, in half a sentence. */
  readonly what: string;
  readonly kind: Kind<T>;
  /** What counts where nothing is set; undefined if that means nothing at all. */
  readonly fallback: T;
  /** Never shown, and not taken from flags: other users of the machine see those. */
  readonly secret: boolean;
}

/** A table in which no member of some options is missing; there may be more. */
export type Complete<Options, Name extends string> = {
  readonly [K in keyof Options & string as `${Name}.${K}`]: Setting<Options[K]>;
} & Readonly<Record<string, Setting<unknown>>>;

/** Anything that has a value always. */
export function setting<T>(what: string, kind: Kind<T>, fallback: T): Setting<T> {
  return { what, kind, fallback, secret: false };
}

/** Something that may be left away. */
export function optional<T>(what: string, kind: Kind<T>): Setting<T | undefined> {
  return { what, kind: orNothing(kind), fallback: undefined, secret: false };
}

/** Something that nobody else may know. */
export function secret<T>(what: string, kind: Kind<T>): Setting<T | undefined> {
  return { ...optional(what, kind), secret: true };
}

function orNothing<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    placeholder: kind.placeholder,
    read: (input, context) => kind.read(input, context),
    show: (value) => (value === undefined ? '' : kind.show(value)),
  };
}
