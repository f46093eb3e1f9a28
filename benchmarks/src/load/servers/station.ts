// The station under load, as an operator would run it: an identity with an RSA-2048 key, the store on disk, the listener, metrics
// and all checks. Only the limits for one address are lifted, because all load comes from one address.
import { Facebook, register } from '@dimp/client';
import { EntityType } from '@dimp/mkm';
import { LimitKeeper, limitsOf, Station, StationCommands } from '@dimp/station';
import { httpHandler, listen, PrometheusMetrics } from '@dimp/station/node';
import { lmdbStore } from '@dimp/store-lmdb';
import { protocol } from '../../people.ts';
import { serve } from './serving.ts';

const [path = ''] = process.argv.slice(2);
const ENDLESS = { perSecond: 1e9, burst: 1e9 };
const COUNTLESS = 1_000_000;

const limits = limitsOf({
  connections: COUNTLESS,
  connectionsPerAddress: COUNTLESS,
  connectionRate: ENDLESS,
  handshakeRate: ENDLESS,
  identityRate: ENDLESS,
  addressMessageRate: ENDLESS,
  addressByteRate: ENDLESS,
  userMessageRate: ENDLESS,
  userByteRate: ENDLESS,
});
const store = await lmdbStore({ path });
const facebook = new Facebook({ protocol, store });
const { id } = await register('load', {
  facebook,
  network: EntityType.Station,
  keyOptions: { bits: 2048 },
});
const metrics = new PrometheusMetrics();
const keeper = new LimitKeeper({ limits, clock: facebook.clock, metrics });
const commands = new StationCommands({ facebook, id, keeper, metrics });
const station = await Station.open({
  facebook,
  id,
  keeper,
  metrics,
  commands,
  blocking: commands.lists,
  names: commands.names,
});
const http = httpHandler({ health: () => station.health(), metrics });
const gate = await listen({ port: 0, host: '127.0.0.1', station, keeper, http });
serve({ port: gate.port }, async () => {
  await Promise.all([gate.close(), station.stop()]);
  await commands[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});
