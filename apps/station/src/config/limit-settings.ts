import { DEFAULT_LIMITS, type Limits, type Rate } from '@dimp/station';
import { byteRate, duration, rate, size, whole } from './quantities.ts';
import { type Complete, type Kind, type Setting, setting } from './setting.ts';

/** Settings of the limits, see `Limits` of `@dimp/station`, which checks their ranges. */
export const LIMIT_SETTINGS = {
  'limits.connections': count('connections', 'open connections'),
  'limits.connectionsPerAddress': count(
    'connectionsPerAddress',
    'open connections from one address',
  ),
  'limits.connectionRate': rated('connectionRate', 'new connections from one address'),
  'limits.handshakeRate': rated('handshakeRate', 'login attempts from one address'),
  'limits.addressMessageRate': rated('addressMessageRate', 'messages from one address'),
  'limits.addressByteRate': rated(
    'addressByteRate',
    'bytes of messages from one address',
    byteRate,
  ),
  'limits.userMessageRate': rated('userMessageRate', 'messages from one user'),
  'limits.userByteRate': rated('userByteRate', 'bytes of messages from one user', byteRate),
  'limits.addressVerificationRate': rated(
    'addressVerificationRate',
    'signature verifications for one address, other than of messages, weighted by cost',
  ),
  'limits.userVerificationRate': rated('userVerificationRate', 'the same for one user'),
  'limits.httpRequestRate': rated('httpRequestRate', 'HTTP requests from one address'),
  'limits.commandRate': rated('commandRate', 'commands from one user'),
  'limits.searchRate': rated('searchRate', 'searches by one user'),
  'limits.messageBytes': bytes('messageBytes', 'longest message'),
  'limits.strangerPayloadBytes': bytes(
    'strangerPayloadBytes',
    'longest payload of a connection before login',
  ),
  'limits.inboxMessages': count('inboxMessages', 'stored messages for one user'),
  'limits.inboxBytes': bytes('inboxBytes', 'bytes of stored messages for one user'),
  'limits.storedBytes': bytes('storedBytes', 'bytes of stored messages in all inboxes'),
  'limits.senderStoredBytes': bytes(
    'senderStoredBytes',
    'bytes of stored messages from one sender; at most an eighth of the free disk space',
  ),
  'limits.addressStoredBytes': bytes(
    'addressStoredBytes',
    'bytes of stored messages from one address; at most a quarter of the free disk space',
  ),
  'limits.unseenStoredBytes': bytes(
    'unseenStoredBytes',
    'bytes of stored messages for receivers never seen; at most a sixteenth of the free disk space',
  ),
  'limits.inboxRetention': time('inboxRetention', 'how long a message is stored for its receiver'),
  'limits.groupFanOut': count('groupFanOut', 'largest group that a message is copied for'),
  'limits.groupFanOutRate': rated(
    'groupFanOutRate',
    'bytes of message copies for groups, per user',
    byteRate,
  ),
  'limits.groupFanOutBytes': bytes('groupFanOutBytes', 'bytes of all copies of one group message'),
  'limits.loginTimeout': time('loginTimeout', 'how long a connection can stay open without login'),
  'limits.sessionsPerUser': count('sessionsPerUser', 'logged-in devices of one user'),
  'limits.window': count('window', 'unacknowledged messages sent to a device'),
  'limits.slowReaderTimeout': time(
    'slowReaderTimeout',
    'how long a device can leave messages unacknowledged',
  ),
  'limits.identities': count('identities', 'users and groups in the directory'),
  'limits.identityBytes': bytes(
    'identityBytes',
    'bytes of meta and documents of one user or group',
  ),
  'limits.identityRetention': time(
    'identityRetention',
    'how long a full directory keeps users who do not log in',
  ),
  'limits.identityRate': rated('identityRate', 'new users from one address'),
} as const satisfies Complete<Limits, 'limits'>;

type NumberName = { [K in keyof Limits]: Limits[K] extends number ? K : never }[keyof Limits];
type RateName = { [K in keyof Limits]: Limits[K] extends Rate ? K : never }[keyof Limits];

function count(name: NumberName, what: string): Setting<number> {
  return setting(what, whole(1, Number.MAX_SAFE_INTEGER), DEFAULT_LIMITS[name]);
}

function bytes(name: NumberName, what: string): Setting<number> {
  return setting(what, size, DEFAULT_LIMITS[name]);
}

function time(name: NumberName, what: string): Setting<number> {
  return setting(what, duration, DEFAULT_LIMITS[name]);
}

function rated(name: RateName, what: string, kind: Kind<Rate> = rate): Setting<Rate> {
  return setting(`${what}, per second and burst`, kind, DEFAULT_LIMITS[name]);
}
