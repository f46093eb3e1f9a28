import { flagOf, SETTING_KEYS, type SettingKey, settingOf, variableOf } from './settings.ts';

/** All settings as a Markdown table, for the guide. */
export function settingsTable(): string {
  const rows = SETTING_KEYS.map((key) => {
    const { what, kind, secret } = settingOf(key);
    const flag = secret ? '(none: a secret)' : `\`${flagOf(key)}\``;
    const values = `\`${kind.placeholder.replaceAll('|', '\\|')}\``;
    return `| \`${key}\` | ${flag} | \`${variableOf(key)}\` | ${values} | ${fallbackOf(key)} | ${what} |`;
  });
  return [
    '| key in the file | flag | variable | value | default | what it is |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** The formatted default of a setting; empty if there is none. */
export function shownFallback(key: SettingKey): string {
  const { kind, fallback } = settingOf(key);
  return fallback === undefined ? '' : kind.show(fallback);
}

function fallbackOf(key: SettingKey): string {
  const shown = shownFallback(key);
  return shown === '' ? '' : `\`${shown}\``;
}
