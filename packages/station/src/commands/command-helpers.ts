import { type Clock, seconds } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { commandReceipt, messageID } from '@dimp/endpoint';
import { ERRORS, type ErrorCode, type JsonObject } from '@dimp/foundation';
import { sameEntity } from '@dimp/mkm';
import type { StationCommand } from './command.ts';

/** How far the time of a command may be ahead of the station's clock, in seconds (spec §11.12). */
export const MAX_COMMAND_SKEW: number = 15 * 60;

/** Returns the receipt with the result of a command. */
export function receipt(
  { envelope, content }: StationCommand,
  text: string,
  replacements: JsonObject = {},
): readonly Draft[] {
  return [commandReceipt(text, envelope, content, replacements)];
}

/** Returns the receipt that refuses a command. Current clients use the code, older ones the text. */
export function refuse(
  { envelope, content }: StationCommand,
  code: ErrorCode,
  text: string = ERRORS[code].receipt,
  replacements: JsonObject = {},
): readonly Draft[] {
  return [commandReceipt(text, envelope, content, replacements, code)];
}

/** Whether a command came over a connection of its sender. */
export function isOwn({ envelope, session }: StationCommand): boolean {
  const user = session?.user;
  return user !== undefined && !session?.neighbour && sameEntity(user, envelope.sender);
}

/**
 * Returns the name of a command whose time a third party may have changed. Older clients write the time first, and the
 * first 16 bytes of a plaintext in AES-CBC can be changed through the IV, which is not signed. Such a command can be
 * replayed with a new time, so the record that it changes remembers its name.
 *
 * @returns undefined for a command whose time can be trusted
 */
export function doubtfulName({ opening, message, place = '' }: StationCommand): string | undefined {
  return opening?.timeTrusted === true ? undefined : messageID(message).slice(0, 22) + place;
}

/**
 * Returns the time inside a command. The time of the envelope is not signed (spec §14.1 #5), and that of a command with
 * a {@link doubtfulName} may have been changed.
 *
 * @returns seconds since the epoch; undefined if it is missing, or so far ahead that it would block later commands
 *   (spec §14.3 #30)
 */
export function commandTime({ content }: StationCommand, clock: Clock): number | undefined {
  const { time } = content;
  if (time === undefined || time > seconds(clock) + MAX_COMMAND_SKEW) return undefined;
  return time;
}
