import type { Context } from '../context.ts';
import { openProfile, userOf } from '../profile.ts';
import { cardOf } from './card.ts';
import { showIdentity } from './identity.ts';

/** Options of `dim whoami`. */
export interface WhoamiOptions {
  /** Shows what others need to write to this identity, as JSON. */
  readonly card?: boolean;
}

/** Shows the identity of the profile. */
export async function whoamiCommand({ card }: WhoamiOptions, context: Context): Promise<void> {
  await using profile = await openProfile(context, 'read');
  const user = await userOf(profile);
  if (card !== true) {
    await showIdentity(profile, user, context.output);
    return;
  }
  const wire = await cardOf(profile.facebook, user.id);
  context.output.result('card', wire, JSON.stringify(wire));
}
