import { openProfile } from '../account/profile.ts';
import { parseStation, removeStation, showStation } from '../account/stations.ts';
import { CommandFailure } from '../terminal/failure.ts';
import type { CommandDefinition } from './command.ts';

/** Removes a station from the profile. */
export const removeStationCommand: CommandDefinition<object, [address: string]> = {
  usage: 'remove <address>',
  description: 'Removes a station.',
  examples: ['dim station remove 192.0.2.7:9394'],

  async run(context, _options, address) {
    const place = parseStation(address);
    await using profile = await openProfile(context);
    if (!(await removeStation(profile.store, place))) {
      throw new CommandFailure('no-station', 'the profile does not have this station');
    }
    showStation('station-removed', place, context.output, ' removed');
  },
};
