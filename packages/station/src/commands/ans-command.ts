import { Ans } from '@dimp/extensions/commands';
import type { ID } from '@dimp/mkm';
import type { NameTable } from '../directory/name-table.ts';
import { type CommandHandler, commandHandler } from './command-handler.ts';
import { refuse } from './command-helpers.ts';
import { inReplyTo } from './reply.ts';

/** Most names that are resolved for one command. */
const MAX_NAMES = 256;
/** Longest name that is resolved. */
const MAX_NAME = 64;

/** Resolves short names from the operator's table only (spec §9.12, §14.1 #11). */
export function ansHandler(names: NameTable): CommandHandler {
  return commandHandler(Ans, (command) => {
    const { names: asked, records } = command.content.body;
    // An answer that the station has not asked for.
    if (records !== undefined && Object.keys(records).length > 0) return [];
    const list = [...new Set(asked)].filter((name) => name.length <= MAX_NAME).slice(0, MAX_NAMES);
    if (list.length === 0) return refuse(command, 'format/field', 'Command error.');
    const found: [string, ID][] = [];
    const missed: string[] = [];
    for (const name of list) {
      const id = names.lookup(name);
      if (id === undefined) missed.push(name);
      else found.push([name, id]);
    }
    const answer = Ans.create({ names: list, records: Object.fromEntries(found), missed });
    return [inReplyTo(command, answer)];
  });
}
