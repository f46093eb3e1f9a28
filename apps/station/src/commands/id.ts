import type { Json, JsonObject } from '@dimp/foundation';
import { giveOrder } from '../control/control-client.ts';
import { type DataFolder, dataFolder } from '../data/data-folder.ts';
import { requireIdentity } from '../data/identity.ts';
import { openStopped } from '../data/stopped-station.ts';
import type { CommandDefinition } from './command.ts';

/** Prints the ID of the station, running or not; as JSON also where it listens. */
export const idCommand: CommandDefinition = {
  name: 'id',
  description: 'print the ID of the station; with --json also where it listens',

  async run({ configuration, output }) {
    const data = dataFolder((await configuration()).values.data);
    const running = await giveOrder(data.control, 'status');
    const id = running === undefined ? await storedID(data) : textOf(running, 'id');
    const addresses = running === undefined ? [] : listOf(running['addresses']);
    output.result({ id, running: running !== undefined, addresses }, id);
  },
};

async function storedID(data: DataFolder): Promise<string> {
  await using stopped = await openStopped(data);
  return (await requireIdentity(stopped.facebook)).id.text;
}

function textOf(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}

function listOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
