import type { Json, JsonObject } from '@dimp/foundation';
import { giveOrder } from '../control/control-client.ts';
import { dataFolder } from '../data/data-folder.ts';
import { requireIdentity } from '../data/identity.ts';
import { openStopped } from '../data/stopped-station.ts';
import type { CommandContext } from './context.ts';

/** Says the ID of the station: one line, whether it runs or not. As JSON, also where it listens. */
export async function showID({ configuration, output }: CommandContext): Promise<void> {
  const data = dataFolder(configuration.values.data);
  const running = await giveOrder(data.control, 'status');
  const id = running === undefined ? await storedID(data) : textOf(running, 'id');
  const addresses = running === undefined ? [] : listOf(running['addresses']);
  output.result({ id, running: running !== undefined, addresses }, id);
}

async function storedID(data: ReturnType<typeof dataFolder>): Promise<string> {
  const stopped = await openStopped(data);
  try {
    return (await requireIdentity(stopped.facebook)).id.text;
  } finally {
    await stopped[Symbol.asyncDispose]();
  }
}

function textOf(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}

function listOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
