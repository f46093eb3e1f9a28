import { Argument, type Command, type Option } from 'commander';
import type { CommandDefinition } from './command.ts';

/** Shells that the program has a script for. */
type Shell = 'bash' | 'zsh' | 'fish';

/** What can be completed after some words. */
interface Place {
  /** The command words before it, such as `contacts add`; empty for the program itself. */
  readonly words: readonly string[];
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly what: string;
    /** Whether a value follows. */
    readonly takes: boolean;
    readonly choices: readonly string[];
  }[];
}

/** Writes the completion script for a shell, generated from the commands of the program. */
export const completionCommand: CommandDefinition<object, [shell: Shell]> = {
  usage: 'completion',
  summary: 'completion for your shell',
  description: 'Writes a script that completes the commands and options of dim in a shell.',
  arguments: [new Argument('<shell>', 'name of the shell').choices(['bash', 'zsh', 'fish'])],
  examples: [
    'dim completion bash > ~/.local/share/bash-completion/completions/dim',
    'dim completion zsh > ~/.zfunc/_dim',
    'dim completion fish > ~/.config/fish/completions/dim.fish',
  ],

  async run({ program: load, stdout }, _options, shell) {
    const program = await load();
    const places = placesOf(program, [], optionsOf(program));
    const scripts = { bash, zsh, fish };
    stdout.write(scripts[shell](places));
  },
};

function placesOf(
  command: Command,
  words: readonly string[],
  globals: Place['options'],
): readonly Place[] {
  const commands = command.commands.map((each) => ({
    name: each.name(),
    summary: each.summary() || each.description(),
  }));
  const help = words.length === 0 ? [{ name: 'help', summary: 'help for a command' }] : [];
  const options = words.length === 0 ? globals : [...optionsOf(command), ...globals];
  return [
    { words, commands: [...commands, ...help], options },
    ...command.commands.flatMap((each) => placesOf(each, [...words, each.name()], globals)),
  ];
}

function optionsOf(command: Command): Place['options'] {
  const visible = command.createHelp().visibleOptions(command);
  return visible.map((option: Option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    what: option.description,
    takes: option.required || option.optional,
    choices: option.argChoices ?? [],
  }));
}

/** Flags of all places that take a value. */
function valueFlags(places: readonly Place[]): readonly string[] {
  const flags = places.flatMap(({ options }) =>
    options.filter(({ takes }) => takes).flatMap(({ flags }) => flags),
  );
  return [...new Set(flags)];
}

function candidates({ commands, options }: Place): string {
  return [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)].join(' ');
}

function bash(places: readonly Place[]): string {
  const known = places.map(({ words }) => words.join(' ')).filter((words) => words !== '');
  const cases = places.map(
    (place) => `    '${place.words.join(' ')}') words='${candidates(place)}' ;;`,
  );
  return `# bash completion of dim. Made by: dim completion bash
_dim() {
  local current="\${COMP_WORDS[COMP_CWORD]}" place='' words='' skip='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "\${COMP_WORDS[i]}" in
      ${valueFlags(places).join('|')}) skip=1 ;;
      -*) ;;
      *)
        case "\${place:+$place }\${COMP_WORDS[i]}" in
          ${known.map((words) => `'${words}'`).join('|')}) place="\${place:+$place }\${COMP_WORDS[i]}" ;;
        esac
        ;;
    esac
  done
  COMPREPLY=()
  if [[ -n $skip ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  case "$place" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ \${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _dim dim
`;
}

function zsh(places: readonly Place[]): string {
  const cases = places.map((place) => {
    const items = [
      ...place.commands.map(({ name, summary }) => zshItem(name, summary)),
      ...place.options.flatMap(({ flags, what }) => flags.map((flag) => zshItem(flag, what))),
    ];
    return `    '${place.words.join(' ')}')\n      items=(\n        ${items.join('\n        ')}\n      ) ;;`;
  });
  const known = places.map(({ words }) => words.join(' ')).filter((words) => words !== '');
  return `#compdef dim
# zsh completion of dim. Made by: dim completion zsh
_dim() {
  local place='' skip='' word
  local -a items
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$word" in
      ${valueFlags(places).join('|')}) skip=1 ;;
      -*) ;;
      *)
        case "\${place:+$place }$word" in
          ${known.map((words) => `'${words}'`).join('|')}) place="\${place:+$place }$word" ;;
        esac
        ;;
    esac
  done
  if [[ -n $skip ]]; then _files; return; fi
  case "$place" in
${cases.join('\n')}
  esac
  _describe 'dim' items
  _files
}
if [ "$funcstack[1]" = '_dim' ]; then _dim "$@"; else compdef _dim dim; fi
`;
}

function zshItem(name: string, what: string): string {
  return `'${quoted(name.replaceAll(':', '\\:'))}:${quoted(what)}'`;
}

function fish(places: readonly Place[]): string {
  const lines = ['# fish completion of dim. Made by: dim completion fish'];
  for (const { words, commands, options } of places) {
    const inner = commands.map(({ name }) => name).join(' ');
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const before =
      words.length === 0
        ? ['__fish_use_subcommand']
        : inner === ''
          ? []
          : [`not __fish_seen_subcommand_from ${inner}`];
    const when = [...seen, ...before].join('; and ');
    for (const { name, summary } of commands) {
      lines.push(`complete -c dim -n '${when}' -a '${name}' -d '${fishText(summary)}'`);
    }
    const where = words.length === 0 ? '' : ` -n '${seen.join('; and ')}'`;
    // Global options are valid everywhere and are written once.
    const own = words.length === 0 ? options : options.slice(0, options.length - globalsOf(places));
    for (const { flags, what, takes, choices } of own) {
      const names = flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      const value = takes ? (choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : ' -r') : '';
      lines.push(`complete -c dim${where} ${names.join(' ')}${value} -d '${fishText(what)}'`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function globalsOf([root]: readonly Place[]): number {
  return root?.options.length ?? 0;
}

function quoted(text: string): string {
  return text.replaceAll("'", "'\\''");
}

function fishText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}
