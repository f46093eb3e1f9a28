import { withHistory } from '../host/with-messaging.ts';
import type { CommandContext, CommandDefinition } from './command.ts';

/** Refuses messages of a person. */
export const blockCommand: CommandDefinition<object, [who: string]> = {
  usage: 'block <who>',
  summary: 'refuse messages of a person',
  description:
    'Refuses messages of a person or group, here and at the station, which learns of it with the next connection. They are not told.',
  examples: ['dim block 123-456-7890'],
  run: (context, _options, who) => setBlocked(context, who, true),
};

/** Accepts messages of a person again. */
export const unblockCommand: CommandDefinition<object, [who: string]> = {
  usage: 'unblock <who>',
  summary: 'accept messages of a person again',
  description: 'Accepts messages of a person or group again.',
  examples: ['dim unblock 123-456-7890'],
  run: (context, _options, who) => setBlocked(context, who, false),
};

async function setBlocked(context: CommandContext, who: string, blocked: boolean): Promise<void> {
  await withHistory(context, async ({ host, client }) => {
    const id = await host.people.require(who);
    await client.contacts.block(id.text, blocked);
    const label = await host.people.label(id);
    const facts = { blocked, who: await host.people.facts(id) };
    context.output.result('blocked', facts, `${label} is ${blocked ? '' : 'not '}blocked`);
  });
}
