import { type Clock, seconds } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { Report, type ReportBody } from '@dimp/extensions/commands';
import type { ID } from '@dimp/mkm';
import { type PushToken, type PushTokens, readPushToken } from '../directory/push-tokens.ts';
import type { CommandSession, StationCommand } from './command.ts';
import { type CommandHandler, commandHandler } from './command-handler.ts';
import { commandTime, doubtfulName, isOwn, receipt, refuse } from './command-helpers.ts';

/** Most reports with an untrusted time over one connection; more are ignored. */
const MAX_DOUBTFUL = 4096;

/** Where the tokens of push services go. */
export interface PushSeam {
  readonly tokens: PushTokens;
  /** Called after a token was stored. */
  readonly onToken: (user: ID, token: PushToken) => void;
}

/**
 * Handles reports on whether messages are pushed to a session, and tokens of push services (spec §9.8). Tokens are
 * stored only if the operator uses them.
 */
export function reportHandler(clock: Clock, push: PushSeam | undefined): CommandHandler {
  /** Time of the last change of a session, from its report. */
  const changed = new WeakMap<CommandSession, number>();
  /** Names of reports with an untrusted time: each counts once. */
  const heard = new WeakMap<CommandSession, Set<string>>();

  function isNew(session: CommandSession, name: string | undefined): boolean {
    if (name === undefined) return true;
    const names = heard.get(session) ?? new Set();
    heard.set(session, names);
    if (names.has(name) || names.size >= MAX_DOUBTFUL) return false;
    names.add(name);
    return true;
  }

  function state(command: StationCommand<ReportBody>, active: boolean): readonly Draft[] {
    const { session, content } = command;
    // Old clients send no time; over their own connection reports arrive in order.
    const time = content.time === undefined ? seconds(clock) : commandTime(command, clock);
    if (time === undefined) return refuse(command, 'format/field', 'Command error.');
    if (session === undefined) return [];
    const last = changed.get(session);
    const isLater = last === undefined || time > last;
    if (!isNew(session, doubtfulName(command)) || !isLater) {
      return refuse(command, 'policy/expired', 'Command expired.');
    }
    changed.set(session, time);
    session.setActive(active);
    return active ? receipt(command, 'Online received.') : [];
  }

  return commandHandler(Report, async (command) => {
    if (!isOwn(command)) return refuse(command, 'policy/unauthorized', 'Permission denied.');
    const { title, extra = {} } = command.content.body;
    switch (title) {
      case 'online':
        return state(command, true);
      case 'offline':
        return state(command, false);
      case 'apns':
      case 'c2dm': {
        if (push === undefined)
          return refuse(command, 'unsupported/content', 'Command not support.');
        const token = readPushToken(title, extra);
        if (token === undefined) return refuse(command, 'format/field', 'Command error.');
        const { sender } = command.envelope;
        await push.tokens.save(sender, token);
        push.onToken(sender, token);
        return receipt(command, 'Device token received.');
      }
      default:
        return refuse(command, 'unsupported/content', 'Command not support.');
    }
  });
}
