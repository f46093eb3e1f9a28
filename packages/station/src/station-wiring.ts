import {
  type Clock,
  type Logger,
  type Random,
  type Store,
  silentLogger,
  subStore,
  systemRandom,
  systemTimers,
  type Timers,
  Transceiver,
} from '@dimp/core';
import { DEFAULT_FRESHNESS, Freshness, KeyStore } from '@dimp/endpoint';
import { Connections } from './connections.ts';
import { DeliveryNotices } from './delivery/delivery-notices.ts';
import { FanOut } from './delivery/fan-out.ts';
import { type Acquaintance, Acquaintances } from './directory/acquaintances.ts';
import { StoredKeyOwners } from './directory/stored-key-owners.ts';
import { Housekeeping } from './housekeeping.ts';
import { GroupCommit } from './inbox/group-commit.ts';
import { Inbox } from './inbox/inbox.ts';
import { StoreHealth } from './inbox/store-health.ts';
import { Answers } from './ingress/answers.ts';
import { CommandIntake } from './ingress/command-intake.ts';
import { Ingress } from './ingress/ingress.ts';
import { PendingSenders } from './ingress/pending-senders.ts';
import { Refusals } from './ingress/refusals.ts';
import { Relay } from './ingress/relay.ts';
import { Router } from './ingress/router.ts';
import { Throttle } from './ingress/throttle.ts';
import { limitsOf } from './limits/limits.ts';
import { RateLimiter } from './limits/rate-limiter.ts';
import { StoredBytes } from './limits/stored-bytes.ts';
import { type StationMetrics, silentMetrics } from './metrics/metrics.ts';
import { Receipts } from './receipts/receipts.ts';
import { Handshakes } from './session/handshakes.ts';
import { Sessions } from './session/sessions.ts';
import { StationSigner } from './session/station-signer.ts';
import type { StationOptions } from './station-options.ts';
import { StationRoutes } from './station-routes.ts';

/** What both directions use. */
interface Base {
  readonly options: StationOptions;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: StationMetrics;
  readonly limiter: RateLimiter;
  readonly storeHealth: StoreHealth;
  readonly acquaintances: Acquaintance;
  readonly transceiver: Transceiver;
  readonly signer: StationSigner;
}

/** From the disk to devices and neighbours, and the receipts for it. */
interface Outbound {
  readonly sessions: Sessions;
  readonly commits: GroupCommit;
  readonly stored: StoredBytes;
  readonly inbox: Inbox;
  readonly receipts: Receipts;
  readonly routes: StationRoutes;
  readonly fanOut: FanOut;
}

/** From a connection to the disk, or to an answer. */
interface Inbound {
  readonly ingress: Ingress;
}

/** What has a beginning and an end. */
interface Lifecycle {
  readonly connections: Connections;
  readonly housekeeping: Housekeeping;
}

/** The parts of a station that it uses itself. */
export interface StationParts extends Outbound, Lifecycle {
  readonly storeHealth: StoreHealth;
  readonly transceiver: Transceiver;
}

/** Builds the parts of a station, each after those that it needs. */
export function buildStation(options: StationOptions): StationParts {
  const base = buildBase(options);
  const outbound = buildOutbound(base);
  const inbound = buildInbound(base, outbound);
  const { storeHealth, transceiver } = base;
  return { ...outbound, ...buildLifecycle(base, outbound, inbound), storeHealth, transceiver };
}

function buildBase(options: StationOptions): Base {
  const { facebook, id, store = facebook.store } = options;
  const { protocol } = facebook;
  const { clock = facebook.clock, timers = systemTimers, random = systemRandom } = options;
  const { logger = silentLogger, metrics = silentMetrics } = options;
  const limiter =
    options.keeper ?? new RateLimiter({ limits: limitsOf(options.limits), clock, metrics });
  const transceiver = new Transceiver({
    barrack: facebook,
    keyCache: new KeyStore({ protocol, store: facebook.store, clock }),
    keyOwners: new StoredKeyOwners(subStore(store, ['station'])),
  });
  return {
    ...{ options, store, clock, timers, random, logger, metrics, limiter, transceiver },
    storeHealth: new StoreHealth(logger, metrics),
    acquaintances:
      options.acquaintances ??
      options.commands?.acquaintances ??
      new Acquaintances({ parseID: protocol.parseID }),
    signer: new StationSigner(id, transceiver),
  };
}

function buildOutbound(base: Base): Outbound {
  const { store, clock, timers, logger, metrics, storeHealth, acquaintances, transceiver } = base;
  const { neighbours, room } = base.options;
  const { protocol } = transceiver;
  const { limits } = base.limiter;
  const sessions = new Sessions({ clock, limits, metrics });
  const commits = new GroupCommit({ store, timers, clock, metrics, onBatch: storeHealth.report });
  const stored = new StoredBytes({ store, clock, limits, room });
  const inbox = new Inbox({ store, protocol, commits, stored, clock, logger, limits, metrics });
  const receipts = new Receipts({
    ...{ sessions, timers, clock, logger, metrics },
    signer: base.signer,
    busy: () => commits.waiting > 0,
  });
  const routes = new StationRoutes(sessions, neighbours);
  const fanOut = new FanOut({
    inbox,
    routes,
    window: limits.window,
    events: new DeliveryNotices({
      ...{ transceiver, receipts, acquaintances, clock, metrics, storeHealth },
    }),
  });
  return { sessions, commits, stored, inbox, receipts, routes, fanOut };
}

function buildInbound(base: Base, outbound: Outbound): Inbound {
  const { sessions, commits, inbox, receipts, routes } = outbound;
  const { clock, timers, random, logger, metrics, limiter, storeHealth, transceiver } = base;
  const { id, commands, neighbours, policy, blocking, names } = base.options;
  const throttle = new Throttle({ limiter, clock, timers });
  const freshness = new Freshness(clock, base.options.freshness ?? DEFAULT_FRESHNESS);
  const handshakes = new Handshakes(random);
  const answers = new Answers(base.signer, clock, logger);
  const router = new Router({
    ...{ id, transceiver, clock, inbox, routes, receipts, throttle, metrics, blocking, names },
    neighbours,
    limits: limiter.limits,
    acquaintances: base.acquaintances,
  });
  const intake = new CommandIntake({
    ...{ id, transceiver, freshness, answers, handshakes, sessions, limiter, throttle },
    ...{ metrics, commands, neighbours },
  });
  const relay = new Relay({
    ...{ transceiver, freshness, router, throttle, logger, neighbours, policy },
    commands: intake,
  });
  const ingress = new Ingress({
    ...{ transceiver, handshakes, router, relay, answers, commits, limiter, throttle },
    ...{ metrics, storeHealth },
    commands: intake,
    refusals: new Refusals({ answers, receipts, logger, metrics, limiter }),
    pendingSenders: new PendingSenders(neighbours),
  });
  return { ingress };
}

function buildLifecycle(base: Base, outbound: Outbound, { ingress }: Inbound): Lifecycle {
  const { clock, timers, logger, store, storeHealth, transceiver, signer } = base;
  const { commands, neighbours } = base.options;
  const { sessions, commits, inbox, stored } = outbound;
  const connections = new Connections({
    ...{ sessions, ingress, neighbours, logger },
    login: { signer, transceiver, clock, timers },
  });
  const housekeeping = new Housekeeping({
    ...{ clock, timers, store, storeHealth, sessions, commits, inbox, stored },
    ...{ transceiver, commands },
  });
  return { connections, housekeeping };
}
