import { fieldError, ProtocolError } from '@dimp/foundation';
import {
  type ContactLink,
  checkLinkName,
  type GroupLink,
  type Link,
  type LinkStation,
  type VerifyLink,
} from './link.ts';
import { parseUrl } from './parse-url.ts';

/** Most bytes in a QR code; a code of version 12 with medium error correction holds them. */
const MAX_QR_BYTES = 280;

/**
 * Writes a link as a URI: `dim:contact?v=1&…`.
 *
 * @throws `format/field` for a name that no reader accepts
 */
export function formatLink(link: Link): string {
  return `dim:${afterScheme(link)}`;
}

/**
 * Writes a link for the web: `https://HOST/i#contact?v=1&…`. The part after `#` never reaches the server.
 *
 * @param origin - such as `https://chat.example`
 * @throws `format/field` for anything but an origin of https
 */
export function formatWebLink(link: Link, origin: string): string {
  const url = parseUrl(origin);
  if (url?.protocol !== 'https:' || `${url.origin}/` !== url.href) {
    throw fieldError('origin', 'must be an origin of https, such as https://chat.example');
  }
  return `${url.origin}/i#${afterScheme(link)}`;
}

/**
 * Text of a link for a QR code: at most 280 bytes. The name is left out if it does not fit.
 *
 * @throws `format/limit` for a link that is too long even then
 */
export function formatQrText(link: Link): string {
  const whole = formatLink(link);
  if (whole.length <= MAX_QR_BYTES) return whole;
  if (link.kind !== 'verify' && link.name !== undefined) {
    const { name: _, ...rest } = link;
    return formatQrText(rest);
  }
  throw new ProtocolError('format/limit', `a link in a QR code has at most ${MAX_QR_BYTES} bytes`, {
    details: { limit: 'bytes', max: MAX_QR_BYTES },
  });
}

function afterScheme(link: Link): string {
  const members = { v: '1', ...membersOf(link) };
  const query = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${percentEncode(value)}`],
  );
  return `${link.kind}?${query.join('&')}`;
}

function membersOf(link: Link): Readonly<Record<string, string | undefined>> {
  switch (link.kind) {
    case 'contact':
      return contactMembers(link);
    case 'group':
      return groupMembers(link);
    case 'verify':
      return verifyMembers(link);
  }
}

function contactMembers({ id, fp, station, name, token }: ContactLink) {
  return {
    id: id.text,
    fp,
    st: stationText(station),
    n: name === undefined ? name : checkLinkName(name),
    t: token,
  };
}

function groupMembers({ id, by, fp, station, name, token }: GroupLink) {
  return {
    id: id.text,
    by: by.text,
    fp,
    st: stationText(station),
    t: token,
    n: name === undefined ? name : checkLinkName(name),
  };
}

function verifyMembers({ a, fa, b, fb }: VerifyLink) {
  return { a: a.text, fa, b: b.text, fb };
}

function stationText(station: LinkStation | undefined): string | undefined {
  if (station === undefined) return undefined;
  const host = station.host.includes(':') ? `[${station.host}]` : station.host;
  return `${host}:${station.port}`;
}

/** RFC 3986 allows `@`, `:` and `/` in a query: IDs and hosts stay readable, and shorter. */
function percentEncode(value: string): string {
  return encodeURIComponent(value).replace(/%(?:40|3A|2F)/g, decodeURIComponent);
}
