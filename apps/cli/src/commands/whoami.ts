import { cardOf } from '../account/card.ts';
import { openProfile, userOf } from '../account/profile.ts';
import { showIdentity } from '../account/show-identity.ts';
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
    await using profile = await openProfile(context, 'read');
    const user = await userOf(profile);
    if (card !== true) {
      await showIdentity(profile, user, context.output);
      return;
    }
    const wire = await cardOf(profile.facebook, user.id);
    context.output.result('card', wire, JSON.stringify(wire));
  },
};
