import type { Clock } from '@dimp/core';
import { normalizeContent } from '@dimp/core/dialects';
import type { Draft } from '@dimp/dkd';
import { Command, Storage, type StorageBody } from '@dimp/extensions/commands';
import { type JsonObject, ownMember } from '@dimp/foundation';
import { sameEntity } from '@dimp/mkm';
import {
  type Deposit,
  type Deposits,
  MAX_DEPOSIT_LENGTH,
  TITLES,
  type Title,
} from '../directory/deposits.ts';
import type { StationCommand } from './command.ts';
import { type CommandHandler, commandHandler } from './command-handler.ts';
import { commandTime, doubtfulName, isOwn, receipt, refuse } from './command-helpers.ts';

const LABELS: { readonly [T in Title]: string } = {
  contacts: 'Contacts',
  private_key: 'Private key',
};

/** Members that belong to one message and are not stored; the last two bind it to its envelope (spec §14.2 #20). */
const OF_MESSAGE: readonly string[] = [
  'type',
  'sn',
  'time',
  'group',
  'command',
  'cmd',
  'sender',
  'receiver',
];

/**
 * Stores what users have encrypted for themselves, such as their contacts, and returns it to them only (spec §9.10).
 */
export function storageHandler(deposits: Deposits, clock: Clock): CommandHandler {
  return commandHandler(Storage, async (command) => {
    const { title, did, data, key, contacts } = command.content.body;
    const { sender } = command.envelope;
    if (!isOwn(command) || (did !== undefined && !sameEntity(did, sender))) {
      return refuse(command, 'policy/unauthorized', 'Permission denied.');
    }
    if (!isTitle(title)) return refuse(command, 'unsupported/content', 'Command not support.');
    const isQuestion = data === undefined && key === undefined && contacts === undefined;
    if (isQuestion) {
      const deposit = await deposits.get(sender, title);
      return deposit === undefined
        ? receipt(command, `${LABELS[title]} not found.`)
        : [back(deposit)];
    }
    return keep(command, title);
  });

  async function keep(
    command: StationCommand<StorageBody>,
    title: Title,
  ): Promise<readonly Draft[]> {
    const time = commandTime(command, clock);
    if (time === undefined) return refuse(command, 'format/field', 'Command error.');
    const wire = normalizeContent(command.content.wire);
    if (JSON.stringify(wire).length > MAX_DEPOSIT_LENGTH)
      return refuse(command, 'format/limit', 'Message too large.');
    const saved = await deposits.save(
      command.envelope.sender,
      title,
      { time, command: wire },
      doubtfulName(command),
    );
    return receipt(command, `${LABELS[title]} ${saved ? 'received' : 'not changed'}.`);
  }
}

/**
 * Returns the command as received, with unknown members. Its serial number and time are new, because a client ignores a
 * message with an old content (spec §14.3 #28).
 */
function back({ command }: Deposit): Draft {
  const name = ownMember(command, 'command');
  const extra: JsonObject = Object.fromEntries(
    Object.entries(command).filter(([member]) => !OF_MESSAGE.includes(member)),
  );
  return Command.create({ command: typeof name === 'string' ? name : 'storage', extra });
}

function isTitle(title: string): title is Title {
  return (TITLES as readonly string[]).includes(title);
}
