import { Command, CommanderError, Option } from 'commander';
import { backup } from './commands/backup.ts';
import { check } from './commands/check.ts';
import { showConfiguration, showTable } from './commands/config.ts';
import type { CommandContext } from './commands/context.ts';
import { forget } from './commands/forget.ts';
import { showID } from './commands/id.ts';
import { start } from './commands/start.ts';
import type { Configuration } from './config/configuration.ts';
import { readConfiguration, type Sources } from './config/read-configuration.ts';
import { flagOf, SETTING_KEYS, type SettingKey, settingOf } from './config/settings.ts';
import { shownFallback } from './config/settings-table.ts';
import { suggestion } from './config/suggestion.ts';
import { CommandFailure } from './failure.ts';
import { Output, type TextSink } from './output.ts';
import { versionOf } from './version.ts';

/** What the program has of its surroundings. */
export interface Surroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths are meant from. */
  readonly folder: string;
}

/** Values of flags, by the names that commander gives them. */
type Flags = Readonly<Record<string, string | boolean | undefined>>;

/**
 * Runs the program.
 *
 * @param args - without program and script
 * @returns the exit status
 */
export async function runProgram(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  // Known before the arguments are parsed: what is wrong with them is told as JSON, too.
  const output = new Output(surroundings.stdout, surroundings.stderr, args.includes('--json'));
  const run = new Run(surroundings, output);
  try {
    await makeProgram(run, surroundings).parseAsync([...args], { from: 'user' });
    return run.status;
  } catch (error) {
    if (!(error instanceof CommanderError)) return output.failure(error);
    // Help or version that somebody asked for.
    if (error.exitCode === 0) return 0;
    return output.failure(
      new CommandFailure('usage', error.message.replace(/^error: /, '').replaceAll('\n', ' ')),
    );
  }
}

/** Reads the configuration for a command, and keeps its exit status. */
class Run {
  readonly output: Output;
  readonly #surroundings: Surroundings;
  status = 0;

  constructor(surroundings: Surroundings, output: Output) {
    this.#surroundings = surroundings;
    this.output = output;
  }

  async context(command: Command): Promise<CommandContext> {
    return { configuration: await this.configuration(command), output: this.output };
  }

  configuration(command: Command): Promise<Configuration> {
    const { env, folder } = this.#surroundings;
    const flags: Flags = command.optsWithGlobals();
    const { config } = flags;
    const given: Map<SettingKey, { flag: string; value: string | boolean }> = new Map();
    for (const key of SETTING_KEYS) {
      const flag = flagOf(key);
      const value = flags[new Option(flag).attributeName()];
      if (value !== undefined) given.set(key, { flag, value });
    }
    const sources: Sources = {
      flags: given,
      env,
      file: typeof config === 'string' ? config : undefined,
      folder,
    };
    return readConfiguration(sources);
  }
}

function makeProgram(run: Run, { stdout, stderr }: Surroundings): Command {
  const program = new Command('dim-station')
    .description('A station of DIM, decentralized instant messaging, on one port.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => {
        if (!text.startsWith('error:')) stderr.write(text);
      },
      outputError: () => {},
    })
    .configureHelp({ sortSubcommands: false })
    .option('-V, --version', 'print the version of the program')
    .option('--config <file>', 'file of JSON with settings; else DIM_STATION_CONFIG')
    .option('--json', 'results and failures as JSON, one object on each line');
  for (const key of SETTING_KEYS) {
    const option = optionOf(key);
    if (option !== undefined) program.addOption(option);
  }
  program.on('option:version', () => {
    const version = versionOf();
    run.output.result({ version }, version);
    throw new CommanderError(0, 'station.version', '');
  });
  addCommands(program, run);
  return program.addHelpText('after', HELP);
}

function addCommands(program: Command, run: Run): void {
  program
    .command('start', { isDefault: true })
    .description('run the station until it gets SIGTERM or SIGINT (the default)')
    // Any word that is no command gets here, because this is the default.
    .allowExcessArguments(true)
    .action(async (_options, command: Command) => {
      refuseWords(program, command.args);
      run.status = await start(await run.context(command));
    });
  program
    .command('check')
    .description('look at configuration, data, certificate, port and neighbours')
    .action(async (_options, command: Command) => {
      run.status = await check(run.output, () => run.configuration(command));
    });
  program
    .command('backup')
    .argument('<folder>', 'where the copy goes; nothing may be there')
    .option('--no-user-files', 'leave out the files that users have uploaded')
    .description('copy the data of the station, while it runs or not')
    .action(async (folder: string, options: { userFiles: boolean }, command: Command) => {
      await backup(await run.context(command), folder, { files: options.userFiles });
    });
  program
    .command('forget')
    .argument('<id>', 'the ID of a user or group')
    .description('remove an identity and all that the station keeps of it, while it runs or not')
    .action(async (id: string, _options, command: Command) => {
      await forget(await run.context(command), id);
    });
  program
    .command('id')
    .description('print the ID of the station; with --json also where it listens')
    .action(async (_options, command: Command) => showID(await run.context(command)));
  program
    .command('config')
    .option('--table', 'print what may be set, as a table of Markdown')
    .description('print every value that counts, and where it comes from')
    .action(async (options: { table?: boolean }, command: Command) => {
      if (options.table === true) showTable(run.output);
      else showConfiguration(await run.context(command));
    });
}

/** @throws `usage` for words behind `start`, or instead of a command */
function refuseWords({ args, commands }: Command, words: readonly string[]): void {
  const [word] = words;
  if (word === undefined) return;
  if (args[0] === 'start') throw new CommandFailure('usage', `start takes no argument '${word}'`);
  const names = commands.map((each) => each.name());
  const near = suggestion(word, names);
  const hint =
    near === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${near}?`;
  throw new CommandFailure('usage', `unknown command '${word}': ${hint}`);
}

/** Secrets have no flag: whoever may list processes could read it. */
function optionOf(key: SettingKey): Option | undefined {
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
Each setting may stand in a flag, in a variable of the environment, or in a file of JSON: --limits-message-bytes 64KiB,
DIM_STATION_LIMITS_MESSAGE_BYTES=64KiB, {"limits": {"messageBytes": "64KiB"}}. A flag counts most, a file least.
Secrets have no flags: DIM_STATION_METRICS_TOKEN, DIM_STATION_FILES_UPLOAD_TOKEN, DIM_STATION_FILES_FORM_SECRETS.

Examples:
  dim-station --data /var/lib/dim-station
  dim-station --port 443 --tls-cert chain.pem --tls-key key.pem
  dim-station check --config station.json
  dim-station backup /backup/today
  dim-station forget name@address

Exit status: 0 done, 1 a check failed, 64 wrong arguments, 69 port in use, 78 wrong configuration, others by error code.`;
