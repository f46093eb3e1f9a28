import { fieldError, ProtocolError } from '@dimp/foundation';
import { type AddressRegistry, type ID, parseID } from '@dimp/mkm';
import { readFingerprint } from './fingerprint.ts';
import {
  type ContactLink,
  checkLinkName,
  type GroupLink,
  type Link,
  type LinkStation,
  type VerifyLink,
} from './link.ts';
import { readLinkToken } from './link-token.ts';
import { parseUrl } from './parse-url.ts';

/** Longest link that is read, in UTF-16 code units. */
const MAX_LENGTH = 2048;

/**
 * Reads a link: `dim:…`, `web+dim:…`, or `https://HOST/i#…`. It only reads: the application shows what the link says, and
 * asks before it acts.
 *
 * @param addresses - the address families of the protocol
 * @throws `format/limit` for a text of more than 2,048 characters; `unsupported/version` for another version;
 *   `format/field` for anything else that is not a link; `unsupported/address` for an ID of an unknown family
 *
 * @example
 * ```ts
 * const link = parseLink(text, protocol.addresses);
 * if (link.kind === 'contact') show(link.id, link.name);
 * ```
 */
export function parseLink(text: string, addresses: AddressRegistry): Link {
  if (text.length > MAX_LENGTH) {
    throw new ProtocolError('format/limit', `a link has at most ${MAX_LENGTH} characters`, {
      details: { limit: 'characters', max: MAX_LENGTH },
    });
  }
  const [, kind, query] = /^([a-z]+)\?(.*)$/.exec(withoutScheme(text.trim())) ?? [];
  if (kind === undefined || query === undefined) throw notALink();
  const members = readMembers(query);
  const read = READERS[kind as keyof typeof READERS] as LinkReader | undefined;
  if (read === undefined || !Object.hasOwn(READERS, kind)) throw notALink();
  if (required(members, 'v') !== '1') {
    throw new ProtocolError('unsupported/version', 'the link is of a newer version', {
      details: { field: 'v' },
    });
  }
  return read(members, (name) => parseID(required(members, name), addresses));
}

type Members = ReadonlyMap<string, string>;
type LinkReader = (members: Members, id: (name: string) => ID) => Link;

const READERS = {
  contact: (members, id): ContactLink => ({
    kind: 'contact',
    id: userOf(id('id'), 'id'),
    fp: readFingerprint(required(members, 'fp'), 'fp'),
    ...stationOf(members),
    ...nameOf(members),
    ...(members.has('t') ? { token: readLinkToken(required(members, 't'), 't') } : {}),
  }),
  group: (members, id): GroupLink => ({
    kind: 'group',
    id: groupOf(id('id'), 'id'),
    by: userOf(id('by'), 'by'),
    fp: readFingerprint(required(members, 'fp'), 'fp'),
    ...stationOf(members),
    ...nameOf(members),
    token: readLinkToken(required(members, 't'), 't'),
  }),
  verify: (members, id): VerifyLink => ({
    kind: 'verify',
    a: userOf(id('a'), 'a'),
    fa: readFingerprint(required(members, 'fa'), 'fa'),
    b: userOf(id('b'), 'b'),
    fb: readFingerprint(required(members, 'fb'), 'fb'),
  }),
} satisfies Record<Link['kind'], LinkReader>;

function withoutScheme(text: string): string {
  const [, rest] = /^(?:web\+)?dim:(.*)$/i.exec(text) ?? [];
  if (rest !== undefined) return rest;
  const url = /^https:/i.test(text) ? parseUrl(text) : undefined;
  if (url?.pathname !== '/i' || url.hash === '') throw notALink();
  return url.hash.slice(1);
}

/** Each name may stand once: two readers must not take different ones. Unknown names are for later versions. */
function readMembers(query: string): Members {
  const members = new Map<string, string>();
  for (const part of query.split('&')) {
    const at = part.indexOf('=');
    if (at < 1) throw notALink();
    const name = part.slice(0, at);
    if (members.has(name)) throw fieldError(name, 'must stand once in a link');
    members.set(name, percentDecode(part.slice(at + 1), name));
  }
  return members;
}

function percentDecode(text: string, name: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fieldError(name, 'must be percent-encoded UTF-8');
  }
}

function required(members: Members, name: string): string {
  const value = members.get(name);
  if (value === undefined || value === '') throw fieldError(name, 'is missing');
  return value;
}

function userOf(id: ID, field: string): ID {
  if (!id.isUser || id.isBroadcast) throw fieldError(field, 'must be the ID of a user');
  return id;
}

function groupOf(id: ID, field: string): ID {
  if (!id.isGroup || id.isBroadcast) throw fieldError(field, 'must be the ID of a group');
  return id;
}

function nameOf(members: Members): { readonly name?: string } {
  const name = members.get('n');
  return name === undefined || name === '' ? {} : { name: checkLinkName(name) };
}

/** `host:port`, an IPv6 address in brackets. */
function stationOf(members: Members): { readonly station?: LinkStation } {
  const text = members.get('st');
  if (text === undefined) return {};
  const [, ipv6, name, digits] =
    /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)):(\d{1,5})$/i.exec(text) ??
    [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (
    host === undefined ||
    !(port >= 1 && port <= 65_535) ||
    parseUrl(`http://${text}`) === undefined
  ) {
    throw fieldError('st', 'must be host:port');
  }
  return { station: { host: host.toLowerCase(), port } };
}

function notALink(): ProtocolError<'format/field'> {
  return fieldError('link', 'must begin with dim:contact, dim:group or dim:verify');
}
