import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { CommandDefinition } from './commands/command.ts';
import { COMMANDS, DEFAULT_COMMAND } from './commands/index.ts';
import type { Configuration } from './config/configuration.ts';
import { readConfiguration } from './config/read-configuration.ts';
import { flagOf, SETTING_KEYS, type SettingKey, settingOf } from './config/settings.ts';
import { shownFallback } from './config/settings-table.ts';
import { suggestion } from './config/suggestion.ts';
import { CommandFailure } from './terminal/failure.ts';
import { Output, type TextSink } from './terminal/output.ts';

/** The parts of the process that the program uses. */
export interface Surroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  readonly folder: string;
}

/** Values of flags, under the names that commander gives them. */
type Flags = Readonly<Record<string, string | boolean | undefined>>;

/**
 * Runs the program.
 *
 * @param args - the arguments without the paths of Node and of the script
 * @returns the exit status
 */
export async function runProgram(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  // Read before the arguments are parsed, so that wrong arguments are reported as JSON, too.
  const output = new Output(surroundings.stdout, surroundings.stderr, args.includes('--json'));
  try {
    const run = new ProgramRun(surroundings, output);
    const program = await run.program(args);
    await program.parseAsync([...args], { from: 'user' });
    return run.status;
  } catch (error) {
    if (!(error instanceof CommanderError)) return output.failure(error);
    // Help or the version was requested.
    if (error.exitCode === 0) return 0;
    return output.failure(
      new CommandFailure('usage', error.message.replace(/^error: /, '').replaceAll('\n', ' ')),
    );
  }
}

/** Version of the program, from `package.json` one folder above this file. */
function programVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}

/** One run of the program: builds the commands and keeps the exit status of the one that ran. */
class ProgramRun {
  readonly #surroundings: Surroundings;
  readonly #output: Output;
  status = 0;

  constructor(surroundings: Surroundings, output: Output) {
    this.#surroundings = surroundings;
    this.#output = output;
  }

  /** Builds the program with the commands that these arguments need. */
  async program(args: readonly string[]): Promise<Command> {
    const program = this.#root();
    for (const name of calledCommands(args)) {
      const definition = await COMMANDS.get(name)?.();
      if (definition !== undefined) this.#add(definition, program);
    }
    return program;
  }

  #root(): Command {
    const { stdout, stderr } = this.#surroundings;
    const program = rootCommand()
      .configureOutput({
        writeOut: (text) => stdout.write(text),
        writeErr: (text) => {
          if (!text.startsWith('error:')) stderr.write(text);
        },
        outputError: () => {},
      })
      .addHelpText('after', HELP);
    program.on('option:version', () => {
      const version = programVersion();
      this.#output.result({ version }, version);
      throw new CommanderError(0, 'station.version', '');
    });
    return program;
  }

  #add(definition: CommandDefinition, program: Command): void {
    const isDefault = definition.name === DEFAULT_COMMAND;
    const command = program
      .command(definition.name, { isDefault })
      .description(definition.description);
    for (const each of definition.arguments ?? []) command.addArgument(each);
    for (const each of definition.options ?? []) command.addOption(each);
    // A word that is not a command gets to the default command.
    if (isDefault) command.allowExcessArguments(true);
    command.action(async (...all: readonly unknown[]) => {
      if (isDefault) refuseWords(program, command.args);
      const context = { output: this.#output, configuration: () => this.#configuration(command) };
      const status = await definition.run(context, command.opts(), ...all.slice(0, -2));
      if (typeof status === 'number') this.status = status;
    });
  }

  #configuration(command: Command): Promise<Configuration> {
    const { env, folder } = this.#surroundings;
    const flags: Flags = command.optsWithGlobals();
    const { config } = flags;
    const given: Map<SettingKey, { flag: string; value: string | boolean }> = new Map();
    for (const key of SETTING_KEYS) {
      const flag = flagOf(key);
      const value = flags[new Option(flag).attributeName()];
      if (value !== undefined) given.set(key, { flag, value });
    }
    const file = typeof config === 'string' ? config : undefined;
    return readConfiguration({ flags: given, env, file, folder });
  }
}

/**
 * The commands that have to be loaded for these arguments: the one that is called, none for the version, and all where
 * help or a suggestion for a misspelt word may be needed.
 */
function calledCommands(args: readonly string[]): Iterable<string> {
  const scratch = rootCommand().configureOutput({ outputError: () => {} });
  try {
    const { operands, unknown } = scratch.parseOptions([...args]);
    if (scratch.opts<{ version?: boolean }>().version === true) return [];
    const [name = unknown.length === 0 ? DEFAULT_COMMAND : ''] = operands;
    if (COMMANDS.has(name)) return [name];
  } catch {
    // An option is wrong; the program reports it.
  }
  return COMMANDS.keys();
}

/** The program without commands: its name and the options that every command takes. */
function rootCommand(): Command {
  const program = new Command('dim-station')
    .description('A station of DIM, decentralized instant messaging, on one port.')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .option('-V, --version', 'print the version of the program')
    .option('--config <file>', 'JSON file with settings; else DIM_STATION_CONFIG')
    .option('--json', 'write results and failures as JSON, one object per line');
  for (const key of SETTING_KEYS) {
    const option = settingOption(key);
    if (option !== undefined) program.addOption(option);
  }
  return program;
}

/** @throws `usage` for words after `start`, or instead of a command */
function refuseWords({ args, commands }: Command, words: readonly string[]): void {
  const [word] = words;
  if (word === undefined) return;
  if (args[0] === DEFAULT_COMMAND) {
    throw new CommandFailure('usage', `start takes no argument '${word}'`);
  }
  const names = commands.map((each) => each.name());
  const near = suggestion(word, names);
  const hint =
    near === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${near}?`;
  throw new CommandFailure('usage', `unknown command '${word}': ${hint}`);
}

/** The flag of a setting. Secrets have none, because every user of the machine can list the arguments of processes. */
function settingOption(key: SettingKey): Option | undefined {
  const { what, kind, secret } = settingOf(key);
  if (secret) return undefined;
  const fallback = shownFallback(key);
  const text = fallback === '' ? what : `${what}; ${fallback} by default`;
  const [section] = key.split('.');
  return new Option(`${flagOf(key)} <${kind.placeholder}>`, text).helpGroup(
    key.includes('.') ? `Settings, ${section}:` : 'Settings:',
  );
}

const HELP = `
A setting can be given as a flag, as an environment variable, or in a JSON file: --limits-message-bytes 64KiB,
DIM_STATION_LIMITS_MESSAGE_BYTES=64KiB, {"limits": {"messageBytes": "64KiB"}}. Flags take precedence over variables, and
variables over the file. Secrets have no flags: DIM_STATION_METRICS_TOKEN, DIM_STATION_FILES_UPLOAD_TOKEN,
DIM_STATION_FILES_FORM_SECRETS.

Examples:
  dim-station --data /var/lib/dim-station
  dim-station --port 443 --tls-cert chain.pem --tls-key key.pem
  dim-station check --config station.json
  dim-station backup /backup/today
  dim-station forget name@address

Exit status: 0 success, 1 a check failed, 64 wrong arguments, 69 port in use, 78 wrong configuration, others by error code.`;
