import { placeOfRecord, showStation } from '../account/stations.ts';
import { openHost } from '../host/open-host.ts';
import type { CommandDefinition } from './command.ts';

/** Lists the stations of the profile. */
export const listStationsCommand: CommandDefinition = {
  usage: 'list',
  description: 'Lists stations.',
  examples: ['dim station list --json'],

  async run(context) {
    await using host = await openHost(context, 'read');
    const stations = await host.profile.stations();
    for (const each of stations) showStation('station', placeOfRecord(each), context.output);
    if (stations.length === 0) context.output.note('no stations yet: dim station add HOST:PORT');
  },
};
