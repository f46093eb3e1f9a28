import { protocol } from '../account/protocol.ts';
import { parseStation, recordOf, showStation } from '../account/stations.ts';
import { openHost } from '../host/open-host.ts';
import { type CommandDefinition, option } from './command.ts';

/** Options of `dim station add`. */
interface AddStationOptions {
  /** The ID that the station must have. */
  readonly id?: string;
}

/** Adds a station to the profile. */
export const addStationCommand: CommandDefinition<AddStationOptions, [address: string]> = {
  usage: 'add <address>',
  description: 'Adds a station.',
  options: [
    option(
      '--id <id>',
      'ID that the station must have; by default the first one seen is remembered',
    ),
  ],
  examples: ['dim station add 192.0.2.7:9394', 'dim station add tls://[::1]:9395'],

  async run(context, options, address) {
    const id = options.id === undefined ? undefined : protocol.parseID(options.id);
    const place = parseStation(address, id);
    await using host = await openHost(context);
    await host.profile.addStation(recordOf(place));
    showStation('station', place, context.output);
  },
};
