import type { JsonObject } from '@dimp/foundation';
import { LimitKeeper, limitsOf, Station, StationCommands } from '@dimp/station';
import type { Configuration } from '../config/configuration.ts';
import { giveOrder } from '../control/control-client.ts';
import { dataFolder } from '../data/data-folder.ts';
import { forget as forgetAt } from '../data/forget.ts';
import { requireIdentity } from '../data/identity.ts';
import { openStopped } from '../data/stopped-station.ts';
import { protocol } from '../protocol.ts';
import type { CommandContext } from './context.ts';

/** Removes what a station keeps of somebody, whether it runs or not. */
export async function forget(
  { configuration, output }: CommandContext,
  text: string,
): Promise<void> {
  const id = protocol.parseID(text).text;
  const data = dataFolder(configuration.values.data);
  const result =
    (await giveOrder(data.control, 'forget', { id })) ?? (await forgetStopped(configuration, id));
  const { known, messages } = result;
  output.result(
    { forgotten: id, known: known === true, messages: messages ?? 0 },
    known === true
      ? `${id}: forgotten, with ${String(messages)} messages`
      : `${id}: was not known; ${String(messages)} messages removed`,
  );
}

async function forgetStopped(configuration: Configuration, text: string): Promise<JsonObject> {
  const stopped = await openStopped(dataFolder(configuration.values.data));
  try {
    const { facebook } = stopped;
    const { id } = await requireIdentity(facebook);
    const limits = limitsOf(configuration.section('limits'));
    const keeper = new LimitKeeper({ limits, clock: facebook.clock });
    const commands = new StationCommands({ facebook, id, keeper });
    const station = await Station.open({ facebook, id, keeper, commands });
    try {
      return await forgetAt(station, text);
    } finally {
      await station.stop();
      await commands[Symbol.asyncDispose]();
    }
  } finally {
    await stopped[Symbol.asyncDispose]();
  }
}
