import { type Command, Option } from 'commander';
import { type ChatOptions, chatCommand } from '../commands/chat.ts';
import { type ListenOptions, listenCommand } from '../commands/listen.ts';
import { type SendOptions, sendCommand } from '../commands/send.ts';
import { collecting, examples, secondsOption, wholeNumber } from './options.ts';
import type { Runner } from './runner.ts';

/** `dim send`, `listen`, `chat`. */
export function addMessageCommands(program: Command, runner: Runner): void {
  program
    .command('send <receiver> [text...]')
    .summary('send a message or a file')
    .description(
      'Sends a text, from the standard input if there is none, and files, encrypted for the receiver: an ID, a contact, somebody who wrote, or a name that the station knows. A contact goes before all others of the same name. What is sent is on disk first: if it does not get through now, it goes out with the next call.',
    )
    .addOption(collecting('--file <path>', 'send a file; several times for several'))
    .addOption(collecting('--image <path>', 'send a picture'))
    .option('--thumbnail <path>', 'small picture to be shown before the image is downloaded')
    .option('--files <url>', 'folder URL of the file server; the station by default')
    .addOption(
      new Option('--until <state>', 'wait until the station has it, or the receiver')
        .choices(['sent', 'delivered', 'received'])
        .default('sent'),
    )
    .addOption(
      secondsOption(
        '--timeout <seconds>',
        'how long to wait; 30 by default, 5 for an identity that the station does not tell',
      ),
    )
    .addHelpText(
      'after',
      examples(
        'dim send hulk Hello world',
        'date | dim send hulk',
        'dim send hulk --image photo.jpg --until received',
        'dim send hulk -- --text that begins with dashes',
      ),
    )
    .action(
      runner.action((context, receiver: string, text: readonly string[], options: SendOptions) =>
        sendCommand(receiver, text, options, context),
      ),
    );

  program
    .command('listen')
    .summary('print messages as they come')
    .description('Prints messages as they come, until it is interrupted.')
    .addOption(
      new Option('--count <number>', 'end after so many messages').argParser(
        wholeNumber(1, 999_999_999),
      ),
    )
    .addOption(secondsOption('--timeout <seconds>', 'end after so many seconds'))
    .option('--save <folder>', 'download files of contacts into a folder, and check them')
    .addOption(
      new Option('--save-from <whom>', 'whose files are saved')
        .choices(['contacts', 'everybody'])
        .default('contacts'),
    )
    .option('--files <url>', 'file server that files are fetched from besides the stations')
    .addOption(collecting('--allow-host <host>', 'host that files may be fetched from as well'))
    .addHelpText(
      'after',
      examples(
        'dim listen',
        'dim listen --json --count 1 --timeout 60',
        'dim listen --save ~/Downloads',
      ),
    )
    .action(runner.action((context, options: ListenOptions) => listenCommand(options, context)));

  program
    .command('chat [receiver]')
    .summary('write and read in one place')
    .description(
      'Shows what was said last, then what comes, and sends each line that you type. /help lists what else can be typed.',
    )
    .option('--files <url>', 'folder URL of the file server; the station by default')
    .addHelpText('after', examples('dim chat hulk', 'dim chat'))
    .action(
      runner.action((context, receiver: string | undefined, options: ChatOptions) =>
        chatCommand(receiver, options, context),
      ),
    );
}
