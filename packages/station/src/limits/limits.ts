import type { Rate } from '@dimp/core/transport';
import { fieldError } from '@dimp/foundation';

/**
 * What a station grants. Every limit is checked before memory is taken for what it limits, and whoever goes beyond one is
 * told so. An address is an IPv4 address, or the first 64 bits of an IPv6 address; those with the same first 48 bits have
 * {@link NETWORK_SHARE} times as much together.
 */
export interface Limits {
  /** Open connections. */
  readonly connections: number;
  /** Open connections of one address. */
  readonly connectionsPerAddress: number;
  /** Connections made by one address. */
  readonly connectionRate: Rate;
  /** Offers to log in from one address (spec §11.6): each of them costs a signature. */
  readonly handshakeRate: Rate;
  /** Messages that come from one address. */
  readonly addressMessageRate: Rate;
  /** Bytes of messages that come from one address. */
  readonly addressByteRate: Rate;
  /** Messages that come from one user, over all of his connections. */
  readonly userMessageRate: Rate;
  /** Bytes of messages that come from one user. */
  readonly userByteRate: Rate;
  /**
   * Signatures of one address that are verified beside those of its messages: metas, documents, and messages under large keys.
   * They count by what they cost, in verifications with RSA-2048.
   */
  readonly addressVerificationRate: Rate;
  /** The same of one user. */
  readonly userVerificationRate: Rate;
  /** HTTP requests from one address, files included. */
  readonly httpRequestRate: Rate;
  /** Commands of one user that the station answers, over all kinds. */
  readonly commandRate: Rate;
  /** Searches of one user (spec §9.9). */
  readonly searchRate: Rate;
  /** Most bytes of a message (spec §14.7 no. 7). */
  readonly messageBytes: number;
  /** Most bytes of what a connection sends at once before somebody has logged in over it: a handshake is a few thousand. */
  readonly strangerPayloadBytes: number;
  /** Most messages that wait for one user. */
  readonly inboxMessages: number;
  /** Most bytes of messages that wait for one user. */
  readonly inboxBytes: number;
  /** Most bytes of messages that wait in all inboxes; each counts 512 bytes more than it is long, here and below. */
  readonly storedBytes: number;
  /** Most bytes that wait of one sender, and never more than an eighth of the room on the disk. */
  readonly senderStoredBytes: number;
  /** Most bytes that wait of senders at one address, and never more than a quarter of the room on the disk. */
  readonly addressStoredBytes: number;
  /**
   * Most bytes that wait for receivers whom the station has never seen, and never more than a sixteenth of the room on the disk;
   * a sixteenth of it for one sender.
   */
  readonly unseenStoredBytes: number;
  /** How long a message waits for its receiver, in milliseconds (spec §11.7). */
  readonly inboxRetention: number;
  /** Most members that a message to a whole group is split for (spec §8.7). */
  readonly groupFanOut: number;
  /** Bytes of copies of messages to whole groups that one user makes the station write. */
  readonly groupFanOutRate: Rate;
  /** Most bytes that the copies of one message to a whole group have together. */
  readonly groupFanOutBytes: number;
  /** How long a connection may stay without login, in milliseconds. */
  readonly loginTimeout: number;
  /** Sessions of one user at a time; the oldest has to go for one more. */
  readonly sessionsPerUser: number;
  /** Messages pushed to a session that it has not acknowledged yet. */
  readonly window: number;
  /** How long a session may leave what was pushed to it unacknowledged, in milliseconds. */
  readonly slowReaderTimeout: number;
  /** Users and groups whose metas and documents the directory keeps. */
  readonly identities: number;
  /** Most bytes of the meta and the documents of one of them: a quarter for the meta, the rest for the newest documents. */
  readonly identityBytes: number;
  /** How long a full directory keeps users who do not log in, in milliseconds; of networks that have no more than their share. */
  readonly identityRetention: number;
  /** Users and groups that the directory gets to know from one address. */
  readonly identityRate: Rate;
}

/** How many addresses' worth the addresses of one network have together: who has many must not have as many shares. */
export const NETWORK_SHARE = 16;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MIB = 1024 * 1024;

/** Limits that suit a station of some ten thousand users on one machine. */
export const DEFAULT_LIMITS: Limits = /* @__PURE__ */ Object.freeze<Limits>({
  connections: 20_000,
  connectionsPerAddress: 256,
  connectionRate: { perSecond: 10, burst: 256 },
  handshakeRate: { perSecond: 2, burst: 256 },
  addressMessageRate: { perSecond: 500, burst: 5000 },
  addressByteRate: { perSecond: 2 * MIB, burst: 32 * MIB },
  userMessageRate: { perSecond: 50, burst: 1000 },
  userByteRate: { perSecond: MIB, burst: 16 * MIB },
  addressVerificationRate: { perSecond: 500, burst: 5000 },
  userVerificationRate: { perSecond: 50, burst: 1000 },
  httpRequestRate: { perSecond: 50, burst: 1000 },
  commandRate: { perSecond: 5, burst: 200 },
  searchRate: { perSecond: 0.2, burst: 10 },
  messageBytes: MIB,
  strangerPayloadBytes: 64 * 1024,
  inboxMessages: 20_480,
  inboxBytes: 64 * MIB,
  storedBytes: 1024 * 1024 * MIB,
  senderStoredBytes: 256 * MIB,
  addressStoredBytes: 1024 * MIB,
  unseenStoredBytes: 64 * MIB,
  inboxRetention: 7 * DAY,
  groupFanOut: 1024,
  groupFanOutRate: { perSecond: 4 * MIB, burst: 64 * MIB },
  groupFanOutBytes: 32 * MIB,
  loginTimeout: MINUTE,
  sessionsPerUser: 8,
  window: 32,
  slowReaderTimeout: MINUTE,
  identities: 1_000_000,
  identityBytes: 128 * 1024,
  identityRetention: 180 * DAY,
  identityRate: { perSecond: 0.1, burst: 500 },
});

/** The limits that are rates. */
export type RateName = {
  [K in keyof Limits]: Limits[K] extends Rate ? K : never;
}[keyof Limits];

/** The name of a limit, as errors and metrics have it. */
export type LimitName = keyof Limits;

/** Longest message that the parser of messages takes. */
const MOST_MESSAGE_BYTES = MIB;
/** What a timer can wait for: more than that would be at once. */
const MOST_MILLISECONDS = 2 ** 31 - 1;

const WHOLE: {
  readonly [K in Exclude<LimitName, RateName>]: readonly [least: number, most: number];
} = {
  connections: [1, 1_000_000],
  connectionsPerAddress: [1, 1_000_000],
  messageBytes: [4096, MOST_MESSAGE_BYTES],
  strangerPayloadBytes: [4096, 2 * MOST_MESSAGE_BYTES],
  inboxMessages: [1, 10_000_000],
  inboxBytes: [MOST_MESSAGE_BYTES, Number.MAX_SAFE_INTEGER],
  storedBytes: [MOST_MESSAGE_BYTES, Number.MAX_SAFE_INTEGER],
  senderStoredBytes: [MOST_MESSAGE_BYTES, Number.MAX_SAFE_INTEGER],
  addressStoredBytes: [MOST_MESSAGE_BYTES, Number.MAX_SAFE_INTEGER],
  unseenStoredBytes: [MOST_MESSAGE_BYTES, Number.MAX_SAFE_INTEGER],
  inboxRetention: [MINUTE, 366 * DAY],
  groupFanOut: [1, 16_384],
  groupFanOutBytes: [MOST_MESSAGE_BYTES, Number.MAX_SAFE_INTEGER],
  loginTimeout: [1000, MOST_MILLISECONDS],
  sessionsPerUser: [1, 1024],
  window: [1, 1024],
  slowReaderTimeout: [1000, MOST_MILLISECONDS],
  identities: [1, 100_000_000],
  identityBytes: [16 * 1024, 16 * MIB],
  identityRetention: [DAY, 3660 * DAY],
};

/**
 * Completes the limits that an operator has set by {@link DEFAULT_LIMITS}.
 *
 * @throws `format/field` for a limit that does not exist, is no number, or is out of its range; the error names it
 */
export function limitsOf(set: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(set)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw fieldError(`limits.${name}`, 'is no limit');
    if (Object.hasOwn(WHOLE, name)) checkWhole(name as keyof typeof WHOLE, value);
    else checkRate(name, value);
  }
  return Object.freeze({ ...DEFAULT_LIMITS, ...set });
}

function checkWhole(name: keyof typeof WHOLE, value: unknown): void {
  const [least, most] = WHOLE[name];
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw fieldError(`limits.${name}`, `is no whole number from ${least} to ${most}`);
  }
}

function checkRate(name: string, value: unknown): void {
  const { perSecond, burst } = (value ?? {}) as { perSecond?: unknown; burst?: unknown };
  if (!isPositive(perSecond)) throw fieldError(`limits.${name}.perSecond`, 'is no positive number');
  // With less than one at once nothing would ever pass.
  if (!isPositive(burst) || burst < 1) throw fieldError(`limits.${name}.burst`, 'is less than one');
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
