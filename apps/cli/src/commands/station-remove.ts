import { parseStation, showStation } from '../account/stations.ts';
import { openHost } from '../host/open-host.ts';
import { CommandFailure } from '../terminal/failure.ts';
import type { CommandDefinition } from './command.ts';

/** Removes a station from the profile. */
export const removeStationCommand: CommandDefinition<object, [address: string]> = {
  usage: 'remove <address>',
  description: 'Removes a station.',
  examples: ['dim station remove 192.0.2.7:9394'],

  async run(context, _options, address) {
    const place = parseStation(address);
    await using host = await openHost(context);
    if (!(await host.profile.removeStation(place.url))) {
      throw new CommandFailure('no-station', 'the profile does not have this station');
    }
    showStation('station-removed', place, context.output, ' removed');
  },
};
