import { showOrigin } from '../config/configuration.ts';
import { SETTING_KEYS, showValue } from '../config/settings.ts';
import { settingsTable } from '../config/settings-table.ts';
import type { Output } from '../output.ts';
import type { CommandContext } from './context.ts';

/** Says each value that counts, and where it comes from. Secrets are not shown. */
export function showConfiguration({ configuration, output }: CommandContext): void {
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

/** Says all settings as a table of Markdown. */
export function showTable(output: Output): void {
  output.result({ table: settingsTable() }, settingsTable());
}
