import { Option } from 'commander';
import { type Configuration, showOrigin } from '../config/configuration.ts';
import { SETTING_KEYS, showValue } from '../config/settings.ts';
import { settingsTable } from '../config/settings-table.ts';
import type { Output } from '../terminal/output.ts';
import type { CommandDefinition } from './command.ts';

/** Options of `dim-station config`. */
interface ConfigOptions {
  readonly table?: boolean;
}

/** Prints the value of each setting and where it comes from, without secrets. */
export const configCommand: CommandDefinition<ConfigOptions> = {
  name: 'config',
  description: 'print the value of each setting, and where it comes from',
  options: [new Option('--table', 'print all settings as a Markdown table')],

  async run({ configuration, output }, { table }) {
    if (table === true) output.result({ table: settingsTable() }, settingsTable());
    else showConfiguration(await configuration(), output);
  },
};

function showConfiguration(configuration: Configuration, output: Output): void {
  const rows = SETTING_KEYS.map((key) => ({
    key,
    value: showValue(key, configuration.values),
    origin: showOrigin(configuration.origin(key)),
  }));
  if (output.json) {
    for (const row of rows) output.result(row, '');
    return;
  }
  const width = Math.max(...rows.map(({ key }) => key.length));
  const lines = rows.map(
    ({ key, value, origin }) => `${key.padEnd(width)}  ${value === '' ? '-' : value}  (${origin})`,
  );
  output.result({}, lines.join('\n'));
}
