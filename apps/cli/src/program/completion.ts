import { Argument, type Command } from 'commander';
import { completionCommand, SHELLS, type Shell } from '../commands/completion.ts';
import { examples } from './options.ts';
import type { Runner } from './runner.ts';

/** `dim completion`. */
export function addCompletionCommand(program: Command, runner: Runner): void {
  program
    .command('completion')
    .summary('completion for your shell')
    .description('Writes a script that teaches a shell the commands and options of dim.')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        'dim completion bash > ~/.local/share/bash-completion/completions/dim',
        'dim completion zsh > ~/.zfunc/_dim',
        'dim completion fish > ~/.config/fish/completions/dim.fish',
      ),
    )
    .action(
      runner.action((context, shell: Shell, _options: object) =>
        completionCommand(shell, program, context),
      ),
    );
}
