import type { Clock } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { Block, type IDListBody, Mute } from '@dimp/extensions/commands';
import type { ID } from '@dimp/mkm';
import { type BlockLists, type ListName, MAX_LIST_LENGTH } from '../directory/block-lists.ts';
import type { StationCommand } from './command.ts';
import { type CommandHandler, commandHandler } from './command-handler.ts';
import { commandTime, doubtfulName, isOwn, receipt, refuse } from './command-helpers.ts';

const LABELS: { readonly [N in ListName]: string } = { block: 'Block', mute: 'Mute' };

/** Handles the block and mute lists of users, and returns them to their owner only (spec §9.11). */
export function listHandlers(
  lists: BlockLists,
  clock: Clock,
  readID: (text: unknown) => ID,
): readonly CommandHandler[] {
  return [
    commandHandler(Block, (command) => handle('block', command)),
    commandHandler(Mute, (command) => handle('mute', command)),
  ];

  async function handle(
    name: ListName,
    command: StationCommand<IDListBody>,
  ): Promise<readonly Draft[]> {
    if (!isOwn(command)) return refuse(command, 'policy/unauthorized', 'Permission denied.');
    const { sender } = command.envelope;
    const { list } = command.content.body;
    if (list === undefined) {
      const stored = (await lists.get(name, sender))?.list ?? [];
      const type = name === 'block' ? Block : Mute;
      return [type.create({ list: stored.map((text) => readID(text)) })];
    }
    const time = commandTime(command, clock);
    if (time === undefined) return refuse(command, 'format/field', 'Command error.');
    const length = list.reduce((sum, { text }) => sum + text.length + 1, 0);
    if (length > MAX_LIST_LENGTH) return refuse(command, 'format/limit', 'Message too large.');
    const saved = await lists.save(name, sender, time, list, doubtfulName(command));
    return receipt(command, `${LABELS[name]} ${saved ? 'received' : 'not changed'}.`);
  }
}
