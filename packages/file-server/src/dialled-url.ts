import type { IncomingMessage } from 'node:http';
import type { RemoteAddress } from '@dimp/core/transport';

/** A host name or address in a URL, with or without a port. */
const HOST = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?$/i;

/**
 * Returns the URL under which a client has reached this server, from its request or the headers of a trusted proxy. A
 * client that sends another host gets only its own text back.
 *
 * @returns the URL without a trailing slash; undefined if the request does not contain it
 */
export function dialledUrl(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { secure, port }: RemoteAddress,
): string | undefined {
  // The port is 0 only for a client behind a trusted proxy.
  const forwarded = port === 0 ? headers['x-forwarded-host'] : undefined;
  const host = typeof forwarded === 'string' ? forwarded.split(',', 1)[0]?.trim() : headers.host;
  if (host === undefined || !HOST.test(host)) return undefined;
  return `${secure ? 'https' : 'http'}://${host}`;
}
