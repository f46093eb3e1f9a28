import { type Clock, seconds } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { commandReceipt, messageID } from '@dimp/endpoint';
import { ERRORS, type ErrorCode, type JsonObject } from '@dimp/foundation';
import { sameEntity } from '@dimp/mkm';
import type { StationCommand } from './command.ts';

/** How far ahead of our clock the time of a command may be, in seconds (spec §11.12). */
export const MAX_COMMAND_SKEW: number = 15 * 60;

/** The one answer that says what came of a command that was not refused. */
export function receipt(
  { envelope, content }: StationCommand,
  text: string,
  replacements: JsonObject = {},
): readonly Draft[] {
  return [commandReceipt(text, envelope, content, replacements)];
}

/**
 * The one answer that says that a command is refused: the code is for programs of ours, the text for older peers.
 */
export function refuse(
  { envelope, content }: StationCommand,
  code: ErrorCode,
  text: string = ERRORS[code].receipt,
  replacements: JsonObject = {},
): readonly Draft[] {
  return [commandReceipt(text, envelope, content, replacements, code)];
}

/** Whether a command came over a connection that its sender himself has logged in over. */
export function isOwn({ envelope, session }: StationCommand): boolean {
  const user = session?.user;
  return user !== undefined && !session?.neighbour && sameEntity(user, envelope.sender);
}

/**
 * The name of a command whose time somebody on the way may have changed. Older clients write the time first, and the
 * first 16 bytes of what AES-CBC encrypts can be changed by changing the IV, which is not signed: such a command can come
 * again with a new date. What it changes remembers its name.
 *
 * @returns undefined for a command whose time can be trusted
 */
export function doubtfulName({ opening, message, place = '' }: StationCommand): string | undefined {
  return opening?.timeTrusted === true ? undefined : messageID(message).slice(0, 22) + place;
}

/**
 * The time inside of a command. That of the envelope is not signed (spec §14.1 #5), and that of a command with a
 * {@link doubtfulName} need not be its own.
 *
 * @returns seconds since the epoch; undefined if there is none, or it lies so far ahead that it would keep later commands
 *   from counting (spec §14.3 #30)
 */
export function commandTime({ content }: StationCommand, clock: Clock): number | undefined {
  const { time } = content;
  if (time === undefined || time > seconds(clock) + MAX_COMMAND_SKEW) return undefined;
  return time;
}
