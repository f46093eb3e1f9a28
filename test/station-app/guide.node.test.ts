import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { SETTING_KEYS } from '../../apps/station/src/config/settings.ts';
import { settingsTable } from '../../apps/station/src/config/settings-table.ts';

const GUIDE = new URL('../../docs/guides/station.md', import.meta.url);
const [BEGIN, END] = ['<!-- settings: `dim-station config --table` -->', '<!-- /settings -->'];

test('the guide contains the current table of all settings', async () => {
  const guide = await readFile(GUIDE, 'utf8');
  const [begin, end] = [guide.indexOf(BEGIN) + BEGIN.length, guide.indexOf(END)];
  // `UPDATE=guide` rewrites the table.
  if (process.env['UPDATE'] === 'guide') {
    await writeFile(GUIDE, `${guide.slice(0, begin)}\n\n${settingsTable()}\n\n${guide.slice(end)}`);
    return;
  }
  expect(end).toBeGreaterThan(begin);
  expect(guide.slice(begin, end).trim()).toBe(settingsTable());
  for (const key of SETTING_KEYS) expect(guide).toContain(`| \`${key}\` |`);
});
