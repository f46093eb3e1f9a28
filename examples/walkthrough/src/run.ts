import type { Stage } from './stage.ts';
import { attacks } from './steps/attacks.ts';
import { groupMessage } from './steps/group-message.ts';
import { imageMessage, textMessage } from './steps/messages.ts';
import { newUsers } from './steps/new-users.ts';
import { publishedMessage } from './steps/published-message.ts';

/**
 * Runs the whole walkthrough.
 *
 * @throws if anything is not as expected
 */
export async function run(stage: Stage): Promise<void> {
  await publishedMessage(stage);
  const [alice, bob] = await newUsers(stage);
  await textMessage(stage, alice, bob);
  await imageMessage(stage, alice, bob);
  const carol = await groupMessage(stage, alice, bob);
  await attacks(stage, alice, bob, carol);
  stage.step('Where to go from here');
  stage.fact('README.md', 'quick start, packages, plug-ins');
  stage.fact(
    'examples/',
    'hello, two clients, a bot, a content type and a key algorithm of your own',
  );
  stage.fact('docs/', 'architecture, guides, decisions');
}
