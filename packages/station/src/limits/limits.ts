import type { Rate } from '@dimp/core/transport';
import { fieldError } from '@dimp/foundation';

/**
 * The limits of a station. Each is checked before memory is allocated for what it limits, and a peer that exceeds one
 * is told so. An address is an IPv4 address, or the first 64 bits of an IPv6 address. Addresses with the same first 48
 * bits form a network, which has {@link NETWORK_SHARE} times the limit of one address.
 */
export interface Limits {
  /** Open connections. */
  readonly connections: number;
  /** Open connections of one address. */
  readonly connectionsPerAddress: number;
  /** New connections from one address. */
  readonly connectionRate: Rate;
  /** Handshakes from one address (spec §11.6): each costs the station a signature. */
  readonly handshakeRate: Rate;
  /** Messages from one address. */
  readonly addressMessageRate: Rate;
  /** Bytes of messages from one address. */
  readonly addressByteRate: Rate;
  /** Messages from one user, over all their connections. */
  readonly userMessageRate: Rate;
  /** Bytes of messages from one user. */
  readonly userByteRate: Rate;
  /**
   * Verifications for one address besides the signatures of its messages: metas, documents, and messages signed with
   * large keys. Each counts by its cost, in verifications with RSA-2048.
   */
  readonly addressVerificationRate: Rate;
  /** The same for one user. */
  readonly userVerificationRate: Rate;
  /** HTTP requests from one address, files included. */
  readonly httpRequestRate: Rate;
  /** Commands of one user that the station answers, of all kinds together. */
  readonly commandRate: Rate;
  /** Searches of one user (spec §9.9). */
  readonly searchRate: Rate;
  /** Most bytes of a message (spec §14.7 no. 7). */
  readonly messageBytes: number;
  /** Most bytes of one payload before login; a handshake has a few thousand. */
  readonly strangerPayloadBytes: number;
  /** Most waiting messages of one receiver. */
  readonly inboxMessages: number;
  /** Most bytes of waiting messages of one receiver. */
  readonly inboxBytes: number;
  /**
   * Most bytes of waiting messages in all inboxes. Here and below, each message counts 512 bytes more than its length.
   */
  readonly storedBytes: number;
  /** Most waiting bytes from one sender; at most an eighth of the free disk space. */
  readonly senderStoredBytes: number;
  /** Most waiting bytes from all senders at one address; at most a quarter of the free disk space. */
  readonly addressStoredBytes: number;
  /**
   * Most waiting bytes for receivers that the station has never seen; at most a sixteenth of the free disk space, and a
   * sixteenth of that for one sender.
   */
  readonly unseenStoredBytes: number;
  /** How long a message is kept for its receiver, in milliseconds (spec §11.7). */
  readonly inboxRetention: number;
  /** Most members to whom a message to a whole group is copied (spec §8.7). */
  readonly groupFanOut: number;
  /** Bytes of the copies that one user's messages to whole groups make the station write. */
  readonly groupFanOutRate: Rate;
  /** Most bytes of all copies of one message to a whole group. */
  readonly groupFanOutBytes: number;
  /** How long a connection may stay open without a login, in milliseconds. */
  readonly loginTimeout: number;
  /** Concurrent sessions of one user; one more ends the oldest. */
  readonly sessionsPerUser: number;
  /** Messages that a session may leave unacknowledged at a time. */
  readonly window: number;
  /** How long a session may acknowledge nothing while messages are unacknowledged, in milliseconds. */
  readonly slowReaderTimeout: number;
  /** Users and groups in the directory. */
  readonly identities: number;
  /** Most bytes of the meta and documents of one of them: a quarter for the meta, the rest for the newest documents. */
  readonly identityBytes: number;
  /**
   * How long a full directory keeps users who do not log in, in milliseconds, if their network has at most its share.
   */
  readonly identityRetention: number;
  /** New users and groups in the directory from one address. */
  readonly identityRate: Rate;
}

/**
 * Factor by which the limit of a network exceeds that of one address, so that many addresses are not as many shares.
 */
export const NETWORK_SHARE = 16;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MIB = 1024 * 1024;

/** Limits for a station with some ten thousand users on one machine. */
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
  inboxRetention: 7 * DAY_MS,
  groupFanOut: 1024,
  groupFanOutRate: { perSecond: 4 * MIB, burst: 64 * MIB },
  groupFanOutBytes: 32 * MIB,
  loginTimeout: MINUTE_MS,
  sessionsPerUser: 8,
  window: 32,
  slowReaderTimeout: MINUTE_MS,
  identities: 1_000_000,
  identityBytes: 128 * 1024,
  identityRetention: 180 * DAY_MS,
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
  inboxRetention: [MINUTE_MS, 366 * DAY_MS],
  groupFanOut: [1, 16_384],
  groupFanOutBytes: [MOST_MESSAGE_BYTES, Number.MAX_SAFE_INTEGER],
  loginTimeout: [1000, MOST_MILLISECONDS],
  sessionsPerUser: [1, 1024],
  window: [1, 1024],
  slowReaderTimeout: [1000, MOST_MILLISECONDS],
  identities: [1, 100_000_000],
  identityBytes: [16 * 1024, 16 * MIB],
  identityRetention: [DAY_MS, 3660 * DAY_MS],
};

/**
 * Completes the limits set by an operator with {@link DEFAULT_LIMITS}.
 *
 * @throws `format/field` for an unknown limit, or a value that is not a number within its range; the error names the
 *   limit
 */
export function limitsOf(set: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(set)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name))
      throw fieldError(`limits.${name}`, 'must be the name of a limit');
    if (Object.hasOwn(WHOLE, name)) checkWhole(name as keyof typeof WHOLE, value);
    else checkRate(name, value);
  }
  return Object.freeze({ ...DEFAULT_LIMITS, ...set });
}

function checkWhole(name: keyof typeof WHOLE, value: unknown): void {
  const [least, most] = WHOLE[name];
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw fieldError(`limits.${name}`, `must be a whole number from ${least} to ${most}`);
  }
}

function checkRate(name: string, value: unknown): void {
  const { perSecond, burst } = (value ?? {}) as { perSecond?: unknown; burst?: unknown };
  if (!isPositive(perSecond))
    throw fieldError(`limits.${name}.perSecond`, 'must be a positive number');
  // With a smaller burst nothing would ever be granted.
  if (!isPositive(burst) || burst < 1)
    throw fieldError(`limits.${name}.burst`, 'must be a number of at least 1');
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
