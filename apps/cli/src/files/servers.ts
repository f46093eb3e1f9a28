import { httpBlobStore } from '@dimp/client/files';
import type { BlobStore } from '@dimp/core';
import { filesOf, type StationPlace } from '../account/stations.ts';
import type { Surroundings } from '../terminal/context.ts';
import { usage } from '../terminal/failure.ts';

/** Which server a file may be downloaded from; `public` allows it if its address is one of the Internet. */
export type Allow = (url: URL) => boolean | 'public';

/** Options for {@link fileServer}. */
export interface FileServerOptions {
  /** Folder URL of uploads. */
  readonly url: string;
  /** Bearer token of uploads. */
  readonly token?: string;
  readonly allow?: Allow;
}

/** The file server of a station, or another one. */
export function fileServer({ url, token, allow }: FileServerOptions): BlobStore {
  const headers: Readonly<Record<string, string>> =
    token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return httpBlobStore({ url, headers: () => headers, ...(allow === undefined ? {} : { allow }) });
}

/**
 * The servers that files may be downloaded from: those of the stations, those that the user has named, and any other with a public
 * address, such as that of a neighbour of the station. The sender of a message has chosen the URL, and must not reach a server
 * that only this machine can reach.
 */
export function allowedServers(stations: readonly StationPlace[], hosts: readonly string[]): Allow {
  const own = new Set([...stations.map((each) => new URL(filesOf(each)).host), ...hosts]);
  return ({ host, hostname }) => (own.has(host) || own.has(hostname) ? true : 'public');
}

/** Downloads files from the servers of {@link allowedServers}. */
export function downloadServer(
  stations: readonly StationPlace[],
  hosts: readonly string[],
): BlobStore {
  const [first] = stations;
  // Nothing is uploaded there.
  const url = first === undefined ? 'http://localhost/' : filesOf(first);
  return fileServer({ url, allow: allowedServers(stations, hosts) });
}

/** The token of a file server that requires one, from `DIM_FILES_TOKEN`. @throws `usage` */
export function filesToken({ env }: Pick<Surroundings, 'env'>): string | undefined {
  const token = env['DIM_FILES_TOKEN'];
  if (token === undefined || token === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw usage('DIM_FILES_TOKEN must be a token without spaces');
  return token;
}
