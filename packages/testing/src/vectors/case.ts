import type { Json, JsonObject } from '@dimp/foundation';

/** One case of a vector file: an input with a result, or with an error code. */
export interface VectorCase {
  /** Unique in the set. */
  readonly id: string;
  readonly note: string;
  readonly input: JsonObject & { readonly op: string };
  /** Every member must be reproduced; `null` means absent. */
  readonly expect?: JsonObject;
  /** Exactly this code must be reported. */
  readonly error?: string;
}

/** A file of vectors on one topic. */
export interface VectorFile {
  readonly description: string;
  readonly source: string;
  readonly cases: readonly VectorCase[];
}

/** An account that cases refer to by name. */
export interface VectorAccount {
  readonly id: string;
  readonly meta: JsonObject;
  readonly documents: readonly JsonObject[];
  readonly identity_key?: JsonObject;
  readonly message_keys?: readonly JsonObject[];
  /** Name of the owner, for groups. */
  readonly owner?: string;
  /** Names of the members, for groups. */
  readonly members?: readonly string[];
}

/** Accounts by name. */
export type VectorAccounts = Readonly<Record<string, VectorAccount>>;

/** Returns a member of a case's input that must be text. */
export function text(input: JsonObject, name: string): string {
  const value = input[name];
  if (typeof value !== 'string') throw new TypeError(`vector input "${name}" must be text`);
  return value;
}

/** Returns a member of a case's input that must be an object. */
export function object(input: JsonObject, name: string): JsonObject {
  const value = input[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`vector input "${name}" must be an object`);
  }
  return value as JsonObject;
}

/** Returns a member of a case's input that must be a list of texts; empty if it is absent. */
export function texts(input: JsonObject, name: string): readonly string[] {
  const value = input[name] ?? [];
  if (!Array.isArray(value)) throw new TypeError(`vector input "${name}" must be a list`);
  return value.map((each: Json) => String(each));
}
