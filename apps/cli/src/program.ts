import { Command, CommanderError } from 'commander';
import {
  type CommandContext,
  type CommandDefinition,
  type CommandGroup,
  examplesText,
  MESSAGE_MARK,
  option,
  repeatableOption,
  secondsOption,
} from './commands/command.ts';
import { COMMANDS } from './commands/index.ts';
import type { GlobalOptions, Surroundings } from './terminal/context.ts';
import { CommandFailure, usage } from './terminal/failure.ts';
import { Output } from './terminal/output.ts';
import { oneLine } from './terminal/text.ts';
import { programVersion } from './version.ts';

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
  const { stdout, stderr } = surroundings;
  // Read before the arguments are parsed, so that wrong arguments are reported as JSON, too.
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  const output = new Output(stdout, stderr, {
    json: options.includes('--json'),
    quiet: options.includes('--quiet') || options.includes('-q'),
  });
  try {
    const run = new ProgramRun(surroundings, output);
    const commands = [...calledCommands(args)];
    const program = await run.program(commands);
    // The ID of a message may begin with a dash, and is no option.
    const takesID = commands.length === 1 && commands[0] === 'download';
    await program.parseAsync(takesID ? args.map(markedID) : [...args], { from: 'user' });
    return run.status;
  } catch (error) {
    // The reader has closed the standard output, so nothing can be reported there.
    if (error instanceof CommandFailure && error.code === 'output-closed') return error.exit;
    if (!(error instanceof CommanderError)) return output.failure(error);
    // Help or the version was requested.
    if (error.exitCode === 0) return 0;
    return output.failure(usage(messageOf(error)));
  }
}

/** The program with all its commands, for tests that go through them. */
export function wholeProgram(surroundings: Surroundings, output: Output): Promise<Command> {
  return new ProgramRun(surroundings, output).program(COMMANDS.keys());
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

  /** Builds the program with some of its commands. */
  async program(names: Iterable<string>): Promise<Command> {
    const program = this.#root();
    for (const name of names) {
      const definition = await COMMANDS.get(name)?.();
      if (definition !== undefined) this.#add(definition, program);
    }
    return program;
  }

  #root(): Command {
    const { stdout, stderr } = this.#surroundings;
    const output = this.#output;
    const program = rootCommand()
      .configureOutput({
        writeOut: (text) => stdout.write(text),
        // Commander writes the help here when no command was named. Errors are reported by `Output`.
        writeErr: (text) => {
          if (!output.json && !text.startsWith('error:')) stderr.write(text);
        },
        outputError: () => {},
      })
      .addHelpText('after', ROOT_HELP);
    program.on('option:version', () => {
      const version = programVersion();
      output.result('version', { version }, version);
      throw new CommanderError(0, 'dim.version', '');
    });
    return program;
  }

  #add(
    definition: CommandDefinition | CommandGroup,
    parent: Command,
    settings: { readonly isDefault?: boolean } = {},
  ): void {
    const { usage: words, summary = '', description, examples } = definition;
    const command = parent
      .command(words, settings)
      .summary(summary)
      .description(description)
      .addHelpText('after', examplesText(examples));
    if ('commands' in definition) {
      for (const [index, each] of definition.commands.entries()) {
        this.#add(each, command, { isDefault: index === 0 });
      }
      return;
    }
    for (const each of definition.arguments ?? []) command.addArgument(each);
    for (const each of definition.options ?? []) command.addOption(each);
    command.action((...all: readonly unknown[]) => this.#run(definition, command, all));
  }

  /** @param all - what commander passes: the arguments, the options, the command */
  async #run(
    definition: CommandDefinition,
    command: Command,
    all: readonly unknown[],
  ): Promise<void> {
    const context: CommandContext = {
      ...this.#surroundings,
      output: this.#output,
      options: command.optsWithGlobals<GlobalOptions>(),
      program: () => this.program(COMMANDS.keys()),
    };
    const status = await definition.run(context, command.opts(), ...all.slice(0, -2));
    if (typeof status === 'number') this.status = status;
  }
}

/** Marks the ID of a message that begins with a dash; see {@link MESSAGE_MARK}. */
function markedID(arg: string): string {
  return /^-[\w-]{21}$/.test(arg) ? `${MESSAGE_MARK}${arg}` : arg;
}

/**
 * The commands that have to be loaded for these arguments: the one that is called, none for the version, and all where
 * help or a suggestion for a misspelt word may be needed.
 */
function calledCommands(args: readonly string[]): Iterable<string> {
  const scratch = rootCommand().configureOutput({ outputError: () => {} });
  try {
    const { operands } = scratch.parseOptions([...args]);
    if (scratch.opts<{ version?: boolean }>().version === true) return [];
    const [name = ''] = operands;
    if (COMMANDS.has(name)) return [name];
  } catch {
    // A global option is wrong; the program reports it.
  }
  return COMMANDS.keys();
}

/** The program without commands: its name and the options that every command takes. */
function rootCommand(): Command {
  return new Command('dim')
    .description('Identities, contacts and messages of DIM, decentralized instant messaging.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .addOption(option('-V, --version', 'show the version of the program'))
    .addOption(option('--json', 'write one JSON object per line, errors included'))
    .addOption(option('-q, --quiet', 'write results only, no remarks'))
    .addOption(option('--profile <name>', 'profile, with one identity; "default" by default'))
    .addOption(
      option(
        '--data <folder>',
        'folder of the profiles; else DIM_DATA, else the usual folder of the system',
      ),
    )
    .addOption(
      repeatableOption(
        '--station <address>',
        'station for this call: HOST:PORT or a tcp, tls, ws or wss URL',
      ),
    )
    .addOption(
      option(
        '--passphrase-file <file>',
        'file with the passphrase; else DIM_PASSPHRASE, else dim asks',
      ),
    )
    .addOption(
      secondsOption('--wait <seconds>', 'wait for another dim process that uses the profile'),
    );
}

const ROOT_HELP = `${examplesText([
  'dim register moki',
  'dim station add station.example.org:9394',
  'dim contacts add ID --remark hulk',
  'dim send hulk Hello world',
  'dim listen --json',
  'dim chat hulk',
])}

Exit status: 0 success, 64 wrong arguments, 130 interrupted, others by error code: docs/guides/command-line.md`;

function messageOf({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'no command was given: dim help';
  return oneLine(message.replace(/^error: /, ''));
}
