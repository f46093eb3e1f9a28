import type { Command } from 'commander';
import {
  type AddStationOptions,
  addStationCommand,
  type CheckStationOptions,
  checkStationCommand,
  listStationsCommand,
  removeStationCommand,
} from '../commands/station.ts';
import { examples, secondsOption } from './options.ts';
import type { Runner } from './runner.ts';

/** `dim station`. */
export function addStationCommands(program: Command, runner: Runner): void {
  const station = program
    .command('station')
    .summary('list, add, remove, check stations')
    .description(
      'The stations of the profile, tried in this order: HOST:PORT, or a URL of tcp, tls, ws or wss. Without a command they are listed.',
    )
    .addHelpText(
      'after',
      examples(
        'dim station add station.example.org',
        'dim station add wss://station.example.org/',
        'dim station check',
      ),
    );
  station
    .command('list', { isDefault: true })
    .description('Lists stations.')
    .addHelpText('after', examples('dim station list --json'))
    .action(runner.action((context, _options: object) => listStationsCommand(context)));
  station
    .command('add <address>')
    .description('Adds a station.')
    .option('--id <id>', 'who has to be there; otherwise whoever is there the first time')
    .addHelpText(
      'after',
      examples('dim station add 192.0.2.7:9394', 'dim station add tls://[::1]:9395'),
    )
    .action(
      runner.action((context, address: string, options: AddStationOptions) =>
        addStationCommand(address, options, context),
      ),
    );
  station
    .command('remove <address>')
    .description('Removes a station.')
    .addHelpText('after', examples('dim station remove 192.0.2.7:9394'))
    .action(
      runner.action((context, address: string, _options: object) =>
        removeStationCommand(address, context),
      ),
    );
  station
    .command('check [address]')
    .description('Connects, logs in, and measures how long that takes.')
    .addOption(secondsOption('--timeout <seconds>', 'how long to wait; 30 by default'))
    .option('--trust', 'accept another station than was at the address before, and remember it')
    .addHelpText('after', examples('dim station check', 'dim station check ws://192.0.2.7:9394'))
    .action(
      runner.action((context, address: string | undefined, options: CheckStationOptions) =>
        checkStationCommand(address, options, context),
      ),
    );
}
