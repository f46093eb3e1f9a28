import type { StationAddress } from '@dimp/client/session';
import type { Store } from '@dimp/core';
import {
  isJsonObject,
  type JsonObject,
  ProtocolError,
  parseJson,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { connectTcp } from '@dimp/transport-tcp';
import { connectWebSocket } from '@dimp/transport-websocket';
import type { Context } from '../terminal/context.ts';
import { CommandFailure, usage } from '../terminal/failure.ts';
import type { Output } from '../terminal/output.ts';
import { protocol } from './protocol.ts';

/** Address of a station. */
export interface StationPlace {
  /** The canonical URL, such as `tcp://host:port`. */
  readonly url: string;
  readonly scheme: 'tcp' | 'tls' | 'ws' | 'wss';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** The ID that the station must have, if the user has set one. */
  readonly id?: ID;
}

/** Default port of stations (spec §12.1). */
const DEFAULT_PORT = 9394;
const SCHEMES = ['tcp', 'tls', 'ws', 'wss'] as const;
/** Most stations of a profile. */
const MAX_STATIONS = 32;
/** Key of the list in the store of the profile. */
const LIST = ['cli', 'stations'] as const;

/**
 * Parses the address of a station: `HOST`, `HOST:PORT`, or a tcp, tls, ws or wss URL.
 *
 * @throws `usage`
 */
export function parseStation(text: string, id?: ID): StationPlace {
  const full = text.includes('://') ? text : `tcp://${bracketed(text)}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const scheme = SCHEMES.find((each) => `${each}:` === url?.protocol);
  if (url === undefined || scheme === undefined || url.hostname === '') {
    throw usage('the address of a station must be HOST:PORT, or a tcp, tls, ws or wss URL');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw usage('the address of a station must not have a user, query or fragment');
  }
  const web = scheme === 'ws' || scheme === 'wss';
  if (!web && url.pathname !== '' && url.pathname !== '/') {
    throw usage('only WebSocket addresses can have a path');
  }
  const port = url.port === '' ? portOf(full, scheme) : Number(url.port);
  if (port < 1) throw usage('the port must be from 1 to 65535');
  const host = url.hostname.toLowerCase();
  const path = web ? url.pathname : '';
  return {
    url: `${scheme}://${host}:${port}${path}`,
    scheme,
    host: host.replace(/^\[|\]$/g, ''),
    port,
    ...(id === undefined ? {} : { id }),
  };
}

/** The stored form of a station, as commands exchange it. */
export interface StationRecord {
  /** The canonical URL. */
  readonly url: string;
  /** The ID that the station must have. */
  readonly id?: string;
}

/** Makes plain data of a station. */
export function recordOf({ url, id }: StationPlace): StationRecord {
  return { url, ...(id === undefined ? {} : { id: id.text }) };
}

/** Reads plain data of a station. */
export function placeOfRecord({ url, id }: StationRecord): StationPlace {
  return parseStation(url, id === undefined ? undefined : protocol.parseID(id));
}

/** The address in the form that a session takes. */
export function addressOf(place: StationPlace): StationAddress {
  const { url, scheme, host, port, id } = place;
  const connect =
    scheme === 'ws' || scheme === 'wss'
      ? connectWebSocket({ url })
      : connectTcp({ host, port, tls: scheme === 'tls' });
  return { connect, host, port, ...(id === undefined ? {} : { id }) };
}

/** URL of the file server of a station: HTTP on the same port. */
export function filesOf({ scheme, host, port }: StationPlace): string {
  const secure = scheme === 'tls' || scheme === 'wss';
  return `${secure ? 'https' : 'http'}://${bracketed(host)}:${port}/f/`;
}

/**
 * The stations to use: those given for this call, else those of the profile.
 *
 * @throws `no-station` without any
 */
export async function stationsFor(
  store: Store,
  { options }: Pick<Context, 'options'>,
): Promise<readonly StationPlace[]> {
  const named = (options.station ?? []).map((text) => parseStation(text));
  const stations = named.length > 0 ? named : await readStations(store);
  if (stations.length === 0) {
    throw new CommandFailure(
      'no-station',
      'no station is set: dim station add HOST:PORT, or --station',
    );
  }
  return stations;
}

/** Reads the stations of a profile, in the order in which they are tried. @throws `store/corrupt` */
export async function readStations(store: Store): Promise<readonly StationPlace[]> {
  const bytes = await store.get(LIST);
  if (bytes === undefined) return [];
  try {
    const list = parseJson(bytes);
    if (!Array.isArray(list)) throw new TypeError('not a list');
    return (list as readonly JsonObject[]).filter(isJsonObject).map(({ url, id }) => {
      return parseStation(String(url), typeof id === 'string' ? protocol.parseID(id) : undefined);
    });
  } catch {
    throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
      details: { what: 'stations' },
    });
  }
}

/** Adds a station, or replaces the one with the same address. @throws `format/limit` */
export async function addStation(store: Store, place: StationPlace): Promise<void> {
  const others = (await readStations(store)).filter(({ url }) => url !== place.url);
  if (others.length >= MAX_STATIONS) {
    throw new ProtocolError('format/limit', `a profile can have at most ${MAX_STATIONS} stations`);
  }
  await writeStations(store, [...others, place]);
}

/** Removes a station. @returns whether it was there */
export async function removeStation(store: Store, { url }: StationPlace): Promise<boolean> {
  const stations = await readStations(store);
  const others = stations.filter((each) => each.url !== url);
  if (others.length === stations.length) return false;
  await writeStations(store, others);
  return true;
}

async function writeStations(store: Store, stations: readonly StationPlace[]): Promise<void> {
  const list = stations.map((each): JsonObject => ({ ...recordOf(each) }));
  await store.set(LIST, utf8Encode(stringifyJson(list)));
}

/** Port of a URL whose parser has left out a port that is the default of the scheme. */
function portOf(text: string, scheme: StationPlace['scheme']): number {
  const [, written] = /^[a-z]+:\/\/(?:\[[^\]]*\]|[^/:]*):(\d+)/i.exec(text) ?? [];
  if (written !== undefined) return Number(written);
  if (scheme === 'ws') return 80;
  return scheme === 'wss' ? 443 : DEFAULT_PORT;
}

/** Adds the brackets that an IPv6 address needs in a URL. */
function bracketed(host: string): string {
  return /^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*$/i.test(host) ? `[${host}]` : host;
}

/** Reports a station. @param suffix - what follows it in the output for people */
export function showStation(
  type: 'station' | 'station-removed',
  { url, host, port, id }: StationPlace,
  output: Output,
  suffix = '',
): void {
  const expected = id === undefined ? '' : ` ${id.text}`;
  output.result(type, { url, host, port, id: id?.text }, `${url}${expected}${suffix}`);
}
