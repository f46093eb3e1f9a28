import type { NetworkFaults, NetworkStatistics } from '@dimp/testing/network';
import { damage } from './damage.ts';

/** What a simulation is told. */
export interface SimulationOptions {
  readonly seed: number;
  readonly clients: number;
  readonly messages: number;
  readonly faults: NetworkFaults;
  /** How many of the clients are not like the others. */
  readonly peers?: PeerOptions;
  /** The part of the messages that a station takes on the way, says to have delivered, and drops. */
  readonly stationDrops?: number;
}

/** Clients that are not like the others; each is of one kind. */
export interface PeerOptions {
  /** Programs of the generation before: no codes in receipts, nothing that a visa says to accept. */
  readonly old?: number;
  /** People with a second program on a device of its own, with a key of its own. */
  readonly terminals?: number;
  /** People who lose their device in the middle and begin anew from their words. They write nothing. */
  readonly anew?: number;
}

/** What came of it. */
export interface SimulationResult {
  readonly sent: number;
  readonly shown: number;
  readonly lost: number;
  readonly shownTwice: number;
  readonly outOfOrder: number;
  /** Messages that a handler got once more because its program was killed in the middle of it. */
  readonly redelivered: number;
  /** Messages that had to wait for the one before them, at some program. */
  readonly waited: number;
  /** The longest that one of them waited, in virtual milliseconds. */
  readonly longestWait: number;
  /** Messages that a station has dropped after it had said to have them. */
  readonly dropped: number;
  /** Messages that a person had read on the old device, and that came once more after they registered again. */
  readonly readBefore: number;
  /** Messages whose sender never learned that they arrived. */
  readonly unconfirmed: number;
  /** Error codes of what was refused. */
  readonly refused: Readonly<Record<string, number>>;
  readonly statistics: NetworkStatistics;
  /** Stands for everything that happened. */
  readonly trace: string;
  /** Virtual milliseconds. */
  readonly took: number;
}

/** Faults as no real network has them all at once. */
export const BAD_NETWORK: NetworkFaults = {
  drop: 0.1,
  duplicate: 0.1,
  delay: [20, 400],
  reorder: 0.1,
  corrupt: 0.005,
  damage,
  disconnect: { every: [20_000, 120_000], for: [100, 30_000] },
  restart: { every: [30_000, 200_000] },
};
