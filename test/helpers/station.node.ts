import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Facebook, register } from '../../packages/client/src/index.ts';
import { type Clock, createProtocol, systemClock } from '../../packages/core/src/index.ts';
import { memoryStore } from '../../packages/core/src/memory.ts';
import { standard } from '../../packages/extensions/src/standard.ts';
import { EntityType } from '../../packages/mkm/src/index.ts';
import {
  LimitKeeper,
  limitsOf,
  Station,
  StationCommands,
} from '../../packages/station/src/index.ts';
import { FileServer, httpHandler, listen } from '../../packages/station/src/node.ts';
import { temporaryFolder } from './folder.node.ts';

/** A station in this process that listens on the loopback address, with a file server. */
export interface LocalStation {
  readonly id: string;
  readonly port: number;
  /** `HOST:PORT`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Options for {@link startStation}. */
export interface LocalStationOptions {
  /** Any free port by default. */
  readonly port?: number;
  readonly clock?: Clock;
}

/** Starts a station with an identity of its own in this process. It is stopped when the test is over. */
export async function startStation({
  port = 0,
  clock = systemClock,
}: LocalStationOptions = {}): Promise<LocalStation> {
  const protocol = createProtocol(standard());
  const facebook = new Facebook({ protocol, store: memoryStore(), clock });
  const { id } = await register('gsp', {
    facebook,
    algorithm: 'Ed25519',
    network: EntityType.Station,
  });
  const keeper = new LimitKeeper({ limits: limitsOf(), clock });
  const commands = new StationCommands({ facebook, id, keeper });
  const { lists: blocking, names } = commands;
  const station = await Station.open({ facebook, id, keeper, commands, blocking, names });
  const folder = join(await temporaryFolder(), 'files');
  const files = await FileServer.open({ folder });
  const gate = await listen({
    station,
    keeper,
    http: httpHandler({ files, health: () => station.health() }),
    port,
    host: '127.0.0.1',
  });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await Promise.all([gate.close({ patience: 1000 }), station.stop()]);
      await files[Symbol.asyncDispose]();
    })();
    return stopping;
  };
  onTestFinished(stop);
  return { id: id.text, port: gate.port, address: `127.0.0.1:${gate.port}`, stop };
}
