import { type LookupAddress, lookup } from 'node:dns';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ProtocolError } from '@dimp/foundation';
import type { Fetch } from './fetch.ts';
import { isPublicAddress } from './private-address.ts';

/**
 * A GET that connects to public addresses only. The platform's `fetch` does not show what a name has resolved to, and a
 * lookup before it could give another answer. Here the connection goes to the address that was checked.
 */
export const publicFetch: Fetch = (url, { headers, signal }) =>
  new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    const send = protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(url, {
      headers: { ...(headers as Record<string, string> | undefined) },
      lookup: publicLookup,
      // A new connection: a kept one may lead to an address that this request has not checked.
      agent: false,
      ...{ autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT },
      ...(signal == null ? {} : { signal }),
    });
    request.on('error', reject);
    request.on('response', (message) => resolve(responseOf(message)));
    request.end();
  });

/** How long one address may take before the next one is tried. Node's 250 ms are too few for slow networks. */
const ATTEMPT_TIMEOUT = 2500;

/** Resolves a name, and refuses it if any of its addresses is private. */
const publicLookup: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, []);
    if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
      return done(notPublic(), []);
    }
    if (options.all === true) return done(null, addresses);
    const [{ address, family }] = addresses as [LookupAddress];
    done(null, address, family);
  });
};

function notPublic(): ProtocolError<'transport/refused'> {
  return new ProtocolError('transport/refused', 'the host of the file must have a public address');
}

function responseOf(message: IncomingMessage): Response {
  const { statusCode = 0, headers } = message;
  const bodyless = statusCode === 204 || statusCode === 205 || statusCode === 304;
  const told = new Headers();
  for (const name of ['content-length', 'content-range', 'content-encoding'] as const) {
    const value = headers[name];
    if (value !== undefined) told.set(name, value);
  }
  if (bodyless || statusCode < 200 || statusCode > 599) {
    message.destroy();
    return new Response(null, { status: bodyless ? statusCode : 502, headers: told });
  }
  const body = Readable.toWeb(decoded(message)) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Response(body, { status: statusCode, headers: told });
}

/** Some servers compress the answer without being asked. */
function decoded(message: IncomingMessage): Readable {
  const coding = message.headers['content-encoding']?.trim().toLowerCase();
  const decoder =
    coding === 'gzip' || coding === 'x-gzip'
      ? createGunzip()
      : coding === 'deflate'
        ? createInflate()
        : coding === 'br'
          ? createBrotliDecompress()
          : undefined;
  if (decoder === undefined) return message;
  message.on('error', (error) => decoder.destroy(error));
  decoder.on('close', () => message.destroy());
  return message.pipe(decoder);
}
