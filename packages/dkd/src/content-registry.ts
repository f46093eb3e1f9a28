import {
  callForeign,
  type ForeignFailure,
  fieldError,
  isJsonObject,
  type Json,
  type JsonObject,
  ownMember,
  ProtocolError,
  toNumber,
  toText,
  toTime,
} from '@dimp/foundation';
import { parseWith, schema } from '@dimp/foundation/schema';
import type { ID, IDReader } from '@dimp/mkm';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Content, Draft, DraftOf, UnknownContent } from './content.ts';
import type {
  AnyContentType,
  ContentContext,
  ContentMatch,
  ContentOf,
  ContentType,
} from './content-type.ts';
import { idBudget } from './id-budget.ts';
import { serialNumbers } from './serial-number.ts';

/** The parts of a protocol that a content registry uses. */
export interface ContentRegistryContext {
  readonly ids: Pick<IDReader, 'schema'>;
  /** Normalizes the spelling of any generation: long names, types as text, one name for each thing (spec §15.3). */
  readonly normalize?: (wire: JsonObject) => JsonObject;
  /** Generator of serial numbers; starts at random by default. */
  readonly serial?: () => number;
  /** Kinds whose type a later one may replace. */
  readonly replace?: readonly string[];
}

/** Options of {@link ContentRegistry.stamp}. */
export interface StampOptions {
  /** Seconds since the epoch. */
  readonly time: number;
  /** Serial number; the next one of the generator by default. */
  readonly sn?: number;
  /** More wire members, such as the `receiver` that binds a content to its envelope (spec §14.2 #20). */
  readonly extra?: JsonObject;
}

/** The content types of one protocol instance. */
export interface ContentRegistry<T extends AnyContentType = AnyContentType> {
  /**
   * Reads a content. The type with the most matching members wins; fixed texts count more than `*`. Without a matching type
   * the result is an {@link UnknownContent}.
   *
   * @throws `format/field` and other `format/` codes for a content that its type refuses or on which the schema of its type
   *   fails; `format/limit` for a content with too many IDs
   */
  parse(wire: Json | undefined): ContentOf<T> | UnknownContent;
  /**
   * Reads only the members that every content has. For a content that its type refuses, which may be a newer variant.
   *
   * @throws `format/` codes for a content without a type, or with a number, time or group that cannot be read
   */
  parseAsUnknown(wire: Json | undefined): UnknownContent;
  /** Turns a draft into a content: adds serial number and time, and writes the wire members. */
  stamp<K extends string, B>(
    draft: Draft<K, B> & DraftOf<ContentOf<T>>,
    options: StampOptions,
  ): Content<K, B>;
  /**
   * Returns a text to show for a content whose kind the program does not handle: the fallback of the type, else the text in the
   * content. Never throws.
   */
  fallback(content: Content): string | undefined;
  with<const U extends readonly AnyContentType[]>(...more: U): ContentRegistry<T | U[number]>;
  readonly types: readonly T[];
}

interface Entry {
  readonly type: AnyContentType;
  readonly members: readonly (readonly [name: string, values: readonly string[]])[];
  readonly schema: StandardSchemaV1;
}

/**
 * Creates a registry of content types.
 *
 * @throws `registry/duplicate` if two types share a kind or a match
 */
export function contentRegistry<const T extends readonly AnyContentType[]>(
  context: ContentRegistryContext,
  ...types: T
): ContentRegistry<T[number]>;
export function contentRegistry(
  context: ContentRegistryContext,
  ...types: readonly AnyContentType[]
): ContentRegistry {
  const budget = idBudget(context.ids.schema);
  const bound: ContentContext = {
    id: budget.schema,
    content: schema<Content | UnknownContent>(
      (wire) => registry.parse(wire as Json),
      (content) => content.wire,
    ),
  };
  const kept = withoutReplaced(types, context.replace ?? []);
  const entries = kept.flatMap((type) => bind(type, bound)).sort(bySpecificity);
  checkDuplicates(kept);
  const byType = groupByType(entries);
  const kinds = new Map(entries.map((entry) => [entry.type.kind as string, entry]));
  const nextSerial = context.serial ?? serialNumbers();
  const normalize = context.normalize ?? ((wire: JsonObject) => wire);

  const readUnknown = (received: Json | undefined): UnknownContent => {
    if (!isJsonObject(received)) throw fieldError('content', 'must be a JSON object');
    const wire = normalize(received);
    const type = toText(ownMember(wire, 'type'), 'type');
    if (type === undefined || type === '') throw fieldError('type', 'is missing');
    const common = readCommon(wire, type, bound);
    return { ...common, kind: 'unknown', body: wire, wire: received };
  };

  const read = (received: Json | undefined): Content => {
    const unknown = readUnknown(received);
    const { kind: _kind, body: wire, wire: _wire, ...common } = unknown;
    const entry = byType.get(unknown.type)?.find((each) => fits(each, wire));
    if (entry === undefined) return unknown;
    const body = parseWith(entry.schema, wire, entry.type.kind);
    return { ...common, kind: entry.type.kind, body, wire: unknown.wire };
  };

  const registry = {
    types: Object.freeze([...kept]),
    parse: (received: Json | undefined): Content => budget.run(() => read(received)),
    parseAsUnknown: (received: Json | undefined): UnknownContent =>
      budget.run(() => readUnknown(received)),
    stamp<Kind extends string, Body>(
      draft: Draft<Kind, Body>,
      { time, sn = nextSerial(), extra }: StampOptions,
    ): Content<Kind, Body> {
      const entry = kinds.get(draft.kind);
      if (entry === undefined) {
        throw new ProtocolError('unsupported/content', 'content type is not registered', {
          details: { kind: draft.kind },
        });
      }
      const { group } = draft;
      const { type, ...selected } = firstValues(entry.type);
      const encoded = entry.type.encode(draft.body, entry.schema);
      const text = ownMember(encoded, 'text') ?? entry.type.fallback(draft.body);
      // `time` is first, because an attacker can change the first block through the IV (spec §14.2 #16).
      const wire: JsonObject = {
        time,
        type: ownMember(encoded, 'type') ?? type,
        sn,
        ...selected,
        ...(group === undefined ? {} : { group: group.text }),
        ...withoutUndefined(encoded),
        ...(text === undefined ? {} : { text }),
        ...extra,
      };
      return {
        kind: draft.kind,
        type: String(wire['type']),
        sn,
        time,
        ...(group === undefined ? {} : { group }),
        body: draft.body,
        wire,
      };
    },
    fallback(content: Content): string | undefined {
      const entry = kinds.get(content.kind);
      const own = ownMember(content.wire, 'text');
      return fallbackOf(entry, content.body) ?? (typeof own === 'string' ? own : undefined);
    },
    with: (...more: readonly AnyContentType[]) => contentRegistry(context, ...types, ...more),
  };
  return Object.freeze<ContentRegistry>(registry);
}

/** For display only: it must not throw on any content of a peer. */
function fallbackOf(entry: Entry | undefined, body: unknown): string | undefined {
  try {
    const text: unknown = callForeign(NO_FALLBACK, () => entry?.type.fallback(body));
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

const NO_FALLBACK: ForeignFailure = {
  code: 'format/field',
  message: 'the fallback text of the content type failed',
};

function bind(type: AnyContentType, context: ContentContext): Entry[] {
  const schema = type.schema(context);
  return matches(type).map((match) => ({
    type,
    members: Object.entries(match).map(
      ([name, values]) => [name, typeof values === 'string' ? [values] : values] as const,
    ),
    schema,
  }));
}

function matches({ match }: AnyContentType): readonly ContentMatch[] {
  return isOne(match) ? [match] : match;
}

function isOne(match: ContentMatch | readonly ContentMatch[]): match is ContentMatch {
  return !Array.isArray(match);
}

/** Sorts by the number of fixed texts, then of `*`: the name of a command outweighs any number of `*`. */
function bySpecificity(a: Entry, b: Entry): number {
  const open = (entry: Entry): number =>
    entry.members.filter(([, values]) => values.includes('*')).length;
  const fixed = (entry: Entry): number => entry.members.length - open(entry);
  return fixed(b) - fixed(a) || open(b) - open(a);
}

function fits(entry: Entry, wire: JsonObject): boolean {
  return entry.members.every(([name, values]) => {
    const value = ownMember(wire, name);
    if (value === undefined || value === null || typeof value === 'object') return false;
    if (value === '') return false;
    return values.includes('*') || values.includes(String(value));
  });
}

function groupByType(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const types = entry.members.find(([name]) => name === 'type')?.[1] ?? [];
    for (const type of types) groups.set(type, [...(groups.get(type) ?? []), entry]);
  }
  return groups;
}

function checkDuplicates(types: readonly AnyContentType[]): void {
  const seen = new Set<string>();
  for (const type of types) {
    const texts = matches(type).map((match) =>
      JSON.stringify(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    for (const key of [`kind ${type.kind}`, ...texts.map((text) => `match ${text}`)]) {
      if (seen.has(key)) {
        throw new ProtocolError('registry/duplicate', 'content type is registered twice', {
          details: { kind: type.kind as string },
        });
      }
      seen.add(key);
    }
  }
}

function withoutReplaced(
  types: readonly AnyContentType[],
  replace: readonly string[],
): AnyContentType[] {
  return types.filter(
    (type, index) =>
      !replace.includes(type.kind) ||
      !types.slice(index + 1).some((later) => later.kind === type.kind),
  );
}

function firstValues(type: ContentType<string, unknown>): { type: string; [m: string]: string } {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(matches(type)[0] ?? {})) {
    const first = typeof value === 'string' ? value : value[0];
    if (first !== undefined && first !== '*') values[name] = first;
  }
  return values as { type: string };
}

function readCommon(
  wire: JsonObject,
  type: string,
  context: ContentContext,
): Pick<Content, 'type' | 'sn' | 'time' | 'group'> {
  const sn = toNumber(ownMember(wire, 'sn'), 'sn') ?? 0;
  const time = toTime(ownMember(wire, 'time'));
  const group = ownMember(wire, 'group');
  return {
    type,
    sn,
    ...(time === undefined ? {} : { time }),
    ...(group === undefined || group === null || group === ''
      ? {}
      : { group: context.id.decode(group, 'group') as ID }),
  };
}

function withoutUndefined(wire: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined));
}
