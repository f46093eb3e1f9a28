import type { IncomingMessage } from 'node:http';
import type { RemoteAddress } from '@dimp/core/transport';

/** A host name or address, perhaps with a port, as it may stand in a URL. */
const HOST = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?$/i;

/**
 * Where a client has reached this server, as it says itself and as a trusted proxy says for it. Whoever writes something
 * else into their request gets that back, and nobody else does.
 *
 * @returns without a slash at the end; undefined if the request does not tell
 */
export function dialledUrl(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { secure, port }: RemoteAddress,
): string | undefined {
  // Only for somebody who came through a trusted proxy no port is known.
  const forwarded = port === 0 ? headers['x-forwarded-host'] : undefined;
  const host = typeof forwarded === 'string' ? forwarded.split(',', 1)[0]?.trim() : headers.host;
  if (host === undefined || !HOST.test(host)) return undefined;
  return `${secure ? 'https' : 'http'}://${host}`;
}
