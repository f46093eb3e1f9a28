import { ProtocolError } from '@dimp/foundation';
import { withHistory } from '../host/with-messaging.ts';
import { showOutbox } from '../messages/outbox.ts';
import { oneLine } from '../terminal/text.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

/** Lists what is on its way. */
export const listOutboxCommand: CommandDefinition = {
  usage: 'list',
  description: 'Lists what is on its way, the oldest first.',
  examples: ['dim outbox list --json'],

  async run(context) {
    await withHistory(context, async ({ calls, host }) =>
      showOutbox(await calls.outbox(), host.people, context.output),
    );
  },
};

/** Sends something again that has failed. */
export const retryOutboxCommand: CommandDefinition<object, [id: string]> = {
  usage: 'retry <id>',
  description:
    'Sends something again that has failed. It leaves with the next connection: of this profile’s running chat or listen, or of the next send, listen or chat.',
  examples: ['dim outbox retry ID'],

  async run(context, _options, id) {
    await withHistory(context, ({ calls }) => calls.retry(id));
    report('retried', id, 'is tried again', context);
  },
};

/** Takes something back that has not left this machine. */
export const cancelOutboxCommand: CommandDefinition<object, [id: string]> = {
  usage: 'cancel <id>',
  description: 'Takes something back that has not left this machine. It is not sent.',
  examples: ['dim outbox cancel ID'],

  async run(context, _options, id) {
    const isCancelled = await withHistory(context, ({ calls }) => calls.cancel(id));
    if (!isCancelled) {
      throw new ProtocolError(
        'state/not-ready',
        'the message may have left this machine already, so it cannot be cancelled',
      );
    }
    report('cancelled', id, 'is cancelled', context);
  },
};

/** Removes something that has failed. */
export const discardOutboxCommand: CommandDefinition<object, [id: string]> = {
  usage: 'discard <id>',
  description: 'Removes something that has failed.',
  examples: ['dim outbox discard ID'],

  async run(context, _options, id) {
    await withHistory(context, ({ calls }) => calls.discard(id));
    report('discarded', id, 'is discarded', context);
  },
};

function report(type: string, id: string, what: string, { output }: CommandContext): void {
  output.result(type, { id }, `${oneLine(id)} ${what}`);
}
