import { openProfile } from '../account/profile.ts';
import { readStations, showStation } from '../account/stations.ts';
import type { CommandDefinition } from './command.ts';

/** Lists the stations of the profile. */
export const listStationsCommand: CommandDefinition = {
  usage: 'list',
  description: 'Lists stations.',
  examples: ['dim station list --json'],

  async run(context) {
    await using profile = await openProfile(context, 'read');
    const stations = await readStations(profile.store);
    for (const place of stations) showStation('station', place, context.output);
    if (stations.length === 0) context.output.note('no stations yet: dim station add HOST:PORT');
  },
};
