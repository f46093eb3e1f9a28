/** `T` without `undefined` members: a member that may be undefined becomes optional. */
export type DefinedOnly<T> = Flatten<
  { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
    [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
  }
>;

type Flatten<T> = { [K in keyof T]: T[K] };

/**
 * Copies an object without the members whose value is undefined.
 *
 * @example
 * ```ts
 * const copy: { id: ID; remark?: string } = definedOnly({ id, remark });
 * ```
 */
export function definedOnly<T extends object>(members: T): DefinedOnly<T>;
export function definedOnly(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const defined: Record<string, unknown> = {};
  for (const name of Object.keys(members)) {
    if (members[name] !== undefined) defined[name] = members[name];
  }
  return defined;
}
