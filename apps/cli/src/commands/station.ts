import type { CommandGroup } from './command.ts';
import { addStationCommand } from './station-add.ts';
import { checkStationCommand } from './station-check.ts';
import { listStationsCommand } from './station-list.ts';
import { removeStationCommand } from './station-remove.ts';

/** The stations of the profile. */
export const stationCommands: CommandGroup = {
  usage: 'station',
  summary: 'list, add, remove, check stations',
  description:
    'The stations of the profile, tried in this order: HOST:PORT, or a tcp, tls, ws or wss URL. Without a command they are listed.',
  examples: [
    'dim station add station.example.org',
    'dim station add wss://station.example.org/',
    'dim station check',
  ],
  commands: [listStationsCommand, addStationCommand, removeStationCommand, checkStationCommand],
};
