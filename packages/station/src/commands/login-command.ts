import { type Clock, seconds } from '@dimp/core';
import { type Draft, withoutStationMembers } from '@dimp/dkd';
import { Login, type LoginBody } from '@dimp/extensions/commands';
import { isJsonObject, isProtocolError, ownMember, toTime } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { LoginRecord, Logins } from '../directory/logins.ts';
import type { StationCommand } from './command.ts';
import { type CommandHandler, commandHandler } from './command-handler.ts';
import { doubtfulName, isOwn, MAX_COMMAND_SKEW, receipt, refuse } from './command-helpers.ts';

/** Maximum age of a login, in seconds: clients repeat it every five minutes (spec §11.6). */
const MAX_AGE = 86_400;
/** Longest message that is stored, in UTF-16 code units of its JSON. */
const MAX_LENGTH = 16 * 1024;

/**
 * Stores where users have logged in (spec §9.7, §11.7). Only the user can say so, over their own connection or through
 * a neighbour: otherwise any peer could redirect their messages (spec §14.1 #10).
 */
export function loginHandler(logins: Logins, clock: Clock): CommandHandler {
  return commandHandler(Login, async (command) => {
    const { envelope, content, session } = command;
    const { sender } = envelope;
    const own = isOwn(command);
    if (!sameEntity(content.body.did, sender) || !(own || session?.neighbour)) {
      return refuse(command, 'policy/unauthorized', 'Permission denied.');
    }
    const time = timeOf(command);
    if (time === undefined) return refuse(command, 'format/field', 'Command error.');
    const now = seconds(clock);
    if (time > now + MAX_COMMAND_SKEW || time < now - MAX_AGE) {
      return refuse(command, 'policy/expired', 'Command expired.');
    }
    const record = recordOf(command, time);
    if (JSON.stringify(record.message).length > MAX_LENGTH) {
      return refuse(command, 'format/limit', 'Message too large.');
    }
    const saved = await logins.save(sender, record, doubtfulName(command));
    // A login passes all stations; only the user's own station answers.
    if (!own) return [];
    return saved ? received(command) : repeated(command, await logins.get(sender), time);
  });
}

function received(command: StationCommand): readonly Draft[] {
  return receipt(command, 'Login received.');
}

/** Answers a login that was not newer: the same one counts as received, an older one as expired. */
function repeated(
  command: StationCommand,
  stored: LoginRecord | undefined,
  time: number,
): readonly Draft[] {
  return stored?.time === time
    ? received(command)
    : refuse(command, 'policy/expired', 'Command expired.');
}

/** Clients of version 0.8 write the time into a member `login` (spec §9.7). */
function timeOf({ content }: StationCommand<LoginBody>): number | undefined {
  if (content.time !== undefined) return content.time;
  const nested = ownMember(content.wire, 'login');
  try {
    return isJsonObject(nested) ? toTime(ownMember(nested, 'time')) : undefined;
  } catch (error) {
    if (isProtocolError(error)) return undefined;
    throw error;
  }
}

function recordOf(command: StationCommand<LoginBody>, time: number): LoginRecord {
  const { content, message, session } = command;
  const station = stationOf(content.body);
  const via = session?.neighbour ? session.user : undefined;
  return {
    time,
    command: content.wire,
    message: withoutStationMembers(message.wire),
    ...(station === undefined ? {} : { station }),
    ...(via === undefined ? {} : { via }),
  };
}

function stationOf({ station }: LoginBody): ID | undefined {
  return station?.did?.type === EntityType.Station && !station.did.isBroadcast
    ? station.did
    : undefined;
}
