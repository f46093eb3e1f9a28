import type { JsonObject } from '@dimp/foundation';
import { LimitKeeper, limitsOf, Station, StationCommands } from '@dimp/station';
import { Argument } from 'commander';
import type { Configuration } from '../config/configuration.ts';
import { protocol } from '../config/protocol.ts';
import { giveOrder } from '../control/control-client.ts';
import { dataFolder } from '../data/data-folder.ts';
import { forget as forgetAt } from '../data/forget.ts';
import { requireIdentity } from '../data/identity.ts';
import { openStopped } from '../data/stopped-station.ts';
import type { CommandDefinition } from './command.ts';

/** Removes everything that a station keeps about an identity, whether the station runs or not. */
export const forgetCommand: CommandDefinition<object, [id: string]> = {
  name: 'forget',
  description:
    'remove an identity and everything that the station keeps about it, whether it runs or not',
  arguments: [new Argument('<id>', 'the ID of a user or group')],

  async run(context, _options, text) {
    const id = protocol.parseID(text).text;
    const configuration = await context.configuration();
    const data = dataFolder(configuration.values.data);
    const result =
      (await giveOrder(data.control, 'forget', { id })) ?? (await forgetStopped(configuration, id));
    const { known, messages } = result;
    context.output.result(
      { forgotten: id, known: known === true, messages: messages ?? 0 },
      known === true
        ? `${id}: forgotten, with ${String(messages)} messages`
        : `${id}: was not known; ${String(messages)} messages removed`,
    );
  },
};

async function forgetStopped(configuration: Configuration, text: string): Promise<JsonObject> {
  await using stopped = await openStopped(dataFolder(configuration.values.data));
  const { facebook } = stopped;
  const { id } = await requireIdentity(facebook);
  const limits = limitsOf(configuration.section('limits'));
  const keeper = new LimitKeeper({ limits, clock: facebook.clock });
  await using commands = new StationCommands({ facebook, id, keeper });
  await using station = await Station.open({ facebook, id, keeper, commands });
  return await forgetAt(station, text);
}
