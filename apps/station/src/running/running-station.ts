import { networkInterfaces } from 'node:os';
import { Facebook } from '@dimp/client';
import type { JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { LimitKeeper, limitsOf, Station, StationCommands } from '@dimp/station';
import { FileServer, type Gate, httpHandler, listen, PrometheusMetrics } from '@dimp/station/node';
import { type LmdbStore, lmdbStore } from '@dimp/store-lmdb';
import type { Configuration } from '../config/configuration.ts';
import { protocol } from '../config/protocol.ts';
import { ControlServer } from '../control/control-server.ts';
import { backUp } from '../data/backup.ts';
import { type DataFolder, dataFolder, makeDataFolder } from '../data/data-folder.ts';
import { forget } from '../data/forget.ts';
import { createIdentity, findIdentity } from '../data/identity.ts';
import type { Log } from '../log/log.ts';
import { CommandFailure, systemCode } from '../terminal/failure.ts';
import { readCertificate } from './certificate.ts';
import { Closing } from './closing.ts';
import { FreeSpace } from './free-space.ts';
import { federationOf } from './neighbours.ts';
import { loadPolicy } from './policy-module.ts';

/** A running station with all its parts. */
export interface RunningStation {
  readonly id: ID;
  readonly port: number;
  /** Its addresses, as `HOST:PORT`. */
  readonly addresses: readonly string[];
  /** Reloads certificate and key for new connections. Logs failures. */
  reloadCertificate(): Promise<void>;
  /** Stops the station. */
  stop(): Promise<void>;
}

/** Time that open connections have to end when the station stops. */
const CLOSE_TIMEOUT_MS = 7000;

/**
 * Starts a station with a configuration.
 *
 * @throws `config`, `file/unreadable`, `file/unwritable`, `system/` codes; `store/` codes
 */
export async function runStation(configuration: Configuration, log: Log): Promise<RunningStation> {
  const closing = new Closing();
  try {
    return await open(configuration, log, closing);
  } catch (error) {
    await closing[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

async function open(
  configuration: Configuration,
  log: Log,
  closing: Closing,
): Promise<RunningStation> {
  const { values } = configuration;
  // Errors in the configuration are found before anything is written.
  const certificate = await readCertificate(configuration);
  const policy = await loadPolicy(values.policy);
  const data = dataFolder(values.data);
  const store = closing.use(await openStore(configuration, data));
  const facebook = closing.use(new Facebook({ protocol, store }));
  const known = await findIdentity(facebook);
  const { id } = known ?? (await createIdentity(facebook, values.name));
  log.info(known === undefined ? 'identity.made' : 'identity.found', { id: id.text });

  const metrics = new PrometheusMetrics({ process: true });
  const limits = limitsOf(configuration.section('limits'));
  const keeper = new LimitKeeper({ limits, clock: facebook.clock, metrics });
  const files = await openFiles(configuration, data, log);
  if (files !== undefined) {
    closing.use(files);
    metrics.watch('files_bytes', 'Bytes of all files', () => files.state.bytes);
  }
  const federation = federationOf(values.neighbours, facebook, id, log);
  const commands = closing.use(
    new StationCommands({
      facebook,
      id,
      keeper,
      metrics,
      logger: log,
      names: values.ans,
      ...(federation === undefined ? {} : { elsewhere: federation }),
    }),
  );
  const space = closing.use(await FreeSpace.open(data.store, values['store.reserveBytes']));
  const station = await Station.open({
    room: () => space.bytes,
    facebook,
    id,
    keeper,
    metrics,
    logger: log,
    commands,
    blocking: commands.lists,
    names: commands.names,
    ...(policy === undefined ? {} : { policy }),
    ...(federation === undefined ? {} : { neighbours: federation }),
  });
  closing.use(station);
  const access = values['metrics.access'];
  const token = values['metrics.token'];
  const http = httpHandler({
    health: () => station.health(),
    ...(access === 'off' ? {} : { metrics }),
    ...(access === 'token' && token !== undefined ? { metricsAccess: { token } } : {}),
    ...(access === 'anyone' ? { metricsAccess: access } : {}),
    ...(files === undefined ? {} : { files }),
  });
  const gate = await openGate(configuration, {
    station: traced(station, log),
    keeper,
    http,
    trustedProxies: values.trustedProxies,
    logger: log,
    ...(certificate === undefined
      ? {}
      : { tls: { ...certificate, required: values['tls.required'] } }),
  });
  // Together: the gate waits for connections that the station closes.
  closing.add(() =>
    Promise.all([gate.close({ patience: CLOSE_TIMEOUT_MS }), station.stop()]).then(() => {}),
  );
  federation?.start({ station, logins: commands.logins });
  if (federation !== undefined) closing.use(federation);
  const addresses = addressesOf(values.host, gate.port);
  const started = Date.now();
  closing.use(
    await openControl(data, log, {
      status: () => ({
        ...station.health(),
        neighbours: federation?.connected.map((each) => each.text) ?? [],
        refusing: federation?.refusing.map((each) => each.text) ?? [],
        id: id.text,
        pid: process.pid,
        port: gate.port,
        addresses,
        seconds: Math.floor((Date.now() - started) / 1000),
      }),
      backup: (order) => backup(store, data, order, log),
      forget: async ({ id: whom }) => {
        const result = await forget(station, whom);
        log.info('identity.forgotten', result);
        return result;
      },
    }),
  );
  log.info('station.listening', { id: id.text, port: gate.port, addresses });
  return {
    id,
    port: gate.port,
    addresses,
    reloadCertificate: () => reloadCertificate(configuration, gate, log),
    stop: () => closing[Symbol.asyncDispose](),
  };
}

async function openStore({ values }: Configuration, data: DataFolder): Promise<LmdbStore> {
  await makeDataFolder(data);
  return lmdbStore({
    path: data.store,
    reserveBytes: values['store.reserveBytes'],
    checkBytes: values['store.checkBytes'],
  });
}

async function openFiles(
  configuration: Configuration,
  data: DataFolder,
  logger: Log,
): Promise<FileServer | undefined> {
  const { enabled, uploads, uploadToken, formSecrets, publicUrl, ...limits } =
    configuration.section('files');
  if (!enabled) return undefined;
  try {
    return await FileServer.open({
      folder: data.files,
      uploads: uploads === 'token' ? { token: uploadToken ?? '' } : uploads,
      limits,
      logger,
      ...(formSecrets === undefined ? {} : { formSecrets }),
      ...(publicUrl === undefined ? {} : { publicUrl }),
    });
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new CommandFailure('file/unwritable', `cannot use ${data.files}: ${code}`);
  }
}

async function openGate(
  { values }: Configuration,
  options: Omit<Parameters<typeof listen>[0], 'host' | 'port'>,
): Promise<Gate> {
  const { host, port } = values;
  try {
    return await listen({ ...options, port, ...(host === undefined ? {} : { host }) });
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    const where = host === undefined ? `port ${port}` : `port ${port} of ${host}`;
    if (code === 'EADDRINUSE') {
      throw new CommandFailure(
        'system/port-in-use',
        `${where} is in use by another program; choose another with --port`,
      );
    }
    throw new CommandFailure('system/refused', `cannot listen on ${where}: ${code}`);
  }
}

/** Logs new and closed connections at the level `trace`. */
function traced(station: Station, log: Log): Pick<Station, 'accept'> {
  return {
    async accept(transport, remote) {
      log.trace('connection.opened', { ...remote });
      await station.accept(transport, remote);
      log.trace('connection.closed', { ...remote });
    },
  };
}

async function openControl(
  data: DataFolder,
  log: Log,
  orders: Parameters<typeof ControlServer.open>[1],
): Promise<ControlServer> {
  try {
    return await ControlServer.open(data.control, orders, log);
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error';
    throw new CommandFailure('file/unwritable', `cannot create ${data.control}: ${code}`);
  }
}

async function backup(
  store: LmdbStore,
  data: DataFolder,
  { path, files }: JsonObject,
  log: Log,
): Promise<JsonObject> {
  if (typeof path !== 'string') throw new CommandFailure('usage', 'path must be a string');
  const summary = await backUp(store, data, path, { files: files !== false });
  log.info('backup.done', { ...summary });
  return { ...summary };
}

async function reloadCertificate(
  configuration: Configuration,
  gate: Gate,
  log: Log,
): Promise<void> {
  try {
    const certificate = await readCertificate(configuration);
    if (certificate === undefined) return;
    gate.setTls(certificate);
    log.info('tls.reloaded', { until: certificate.first.validTo });
  } catch (error) {
    // The previous certificate stays in use.
    const message = error instanceof CommandFailure ? error.message : 'unexpected';
    log.error('tls.reload-failed', { message });
  }
}

/** The addresses that the station listens on: all addresses of the machine if no host is set. */
function addressesOf(host: string | undefined, port: number): readonly string[] {
  const hosts =
    host === undefined || host === '::' || host === '0.0.0.0'
      ? Object.values(networkInterfaces())
          .flatMap((addresses) => addresses ?? [])
          .filter(({ scopeid, family }) => !scopeid && (host !== '0.0.0.0' || family === 'IPv4'))
          .map(({ address }) => address)
      : [host];
  return hosts.map((each) => `${each.includes(':') ? `[${each}]` : each}:${port}`);
}
