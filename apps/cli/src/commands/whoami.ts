import { showIdentity } from '../account/show-identity.ts';
import { openHost } from '../host/open-host.ts';
import { type CommandDefinition, option } from './command.ts';

/** Options of `dim whoami`. */
interface WhoamiOptions {
  readonly card?: boolean;
}

/** Shows the identity of the profile. */
export const whoamiCommand: CommandDefinition<WhoamiOptions> = {
  usage: 'whoami',
  summary: 'show your identity',
  description: 'Shows the identity of the profile.',
  options: [
    option('--card', 'what others need to write to you, as JSON: dim contacts add --card FILE'),
  ],
  examples: ['dim whoami', 'dim whoami --card > moki.json'],

  async run(context, { card }) {
    await using host = await openHost(context, 'read');
    if (card !== true) {
      showIdentity(await host.profile.identity(), context.output);
      return;
    }
    const wire = await host.profile.card();
    context.output.result('card', wire, JSON.stringify(wire));
  },
};
