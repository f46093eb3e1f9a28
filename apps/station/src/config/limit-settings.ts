import { DEFAULT_LIMITS, type Limits, type Rate } from '@dimp/station';
import { byteRate, duration, rate, size, whole } from './quantities.ts';
import { type Complete, type Kind, type Setting, setting } from './setting.ts';

/** What the limits of a station say, see `Limits` of `@dimp/station`. Ranges are checked there. */
export const LIMIT_SETTINGS = {
  'limits.connections': count('connections', 'open connections'),
  'limits.connectionsPerAddress': count('connectionsPerAddress', 'open connections of one address'),
  'limits.connectionRate': rated('connectionRate', 'new connections of one address'),
  'limits.handshakeRate': rated('handshakeRate', 'offers to log in from one address'),
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
    'verifications for one address beside those of messages, by their cost',
  ),
  'limits.userVerificationRate': rated('userVerificationRate', 'the same for one user'),
  'limits.httpRequestRate': rated('httpRequestRate', 'HTTP requests from one address'),
  'limits.commandRate': rated('commandRate', 'commands of one user that are answered'),
  'limits.searchRate': rated('searchRate', 'searches of one user'),
  'limits.messageBytes': bytes('messageBytes', 'longest message'),
  'limits.strangerPayloadBytes': bytes(
    'strangerPayloadBytes',
    'longest payload of a connection before login',
  ),
  'limits.inboxMessages': count('inboxMessages', 'messages that wait for one user'),
  'limits.inboxBytes': bytes('inboxBytes', 'bytes of messages that wait for one user'),
  'limits.storedBytes': bytes('storedBytes', 'bytes of messages that wait in all inboxes'),
  'limits.senderStoredBytes': bytes(
    'senderStoredBytes',
    'bytes of messages of one sender that wait; at most an eighth of the room on the disk',
  ),
  'limits.addressStoredBytes': bytes(
    'addressStoredBytes',
    'bytes of messages from one address that wait; at most a quarter of the room on the disk',
  ),
  'limits.unseenStoredBytes': bytes(
    'unseenStoredBytes',
    'bytes of messages for receivers never seen; at most a sixteenth of the room on the disk',
  ),
  'limits.inboxRetention': time('inboxRetention', 'how long a message waits for its receiver'),
  'limits.groupFanOut': count(
    'groupFanOut',
    'members that a message to a whole group is split for',
  ),
  'limits.groupFanOutRate': rated(
    'groupFanOutRate',
    'bytes of copies of messages to whole groups, for one user',
    byteRate,
  ),
  'limits.groupFanOutBytes': bytes('groupFanOutBytes', 'bytes of all copies of such a message'),
  'limits.loginTimeout': time('loginTimeout', 'how long a connection may stay without login'),
  'limits.sessionsPerUser': count('sessionsPerUser', 'devices of one user that are logged in'),
  'limits.window': count('window', 'messages sent to a device that it has not acknowledged'),
  'limits.slowReaderTimeout': time('slowReaderTimeout', 'how long it may leave them so'),
  'limits.identities': count('identities', 'users and groups that the directory keeps'),
  'limits.identityBytes': bytes('identityBytes', 'bytes of meta and documents of one of them'),
  'limits.identityRetention': time(
    'identityRetention',
    'how long a full directory keeps users who do not log in',
  ),
  'limits.identityRate': rated('identityRate', 'users that become known from one address'),
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
  return setting(`${what}, per second and at once`, kind, DEFAULT_LIMITS[name]);
}
