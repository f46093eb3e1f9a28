import type { ID } from '@dimp/mkm';
import { type Session, withHistory } from '../host/with-messaging.ts';
import { usage } from '../terminal/failure.ts';
import { type CommandContext, type CommandDefinition, option } from './command.ts';

/** Options of `dim contacts verify`. */
interface VerifyOptions {
  readonly same?: boolean;
  readonly undo?: boolean;
  /** Text of a QR code that the other person shows. */
  readonly code?: string;
}

/** Groups of the safety number on one line. */
const GROUPS_ON_LINE = 6;

/** Shows the safety number that two people compare, and notes that they have. */
export const verifyContactCommand: CommandDefinition<VerifyOptions, [who: string]> = {
  usage: 'verify <who>',
  description:
    'Shows the safety number of you and a contact: 60 digits that are the same on both sides if nobody has exchanged a key. Compare them on the phone or in person, then call it again with --same. Or read the QR code that the other program shows, with --code.',
  options: [
    option('--same', 'you have compared the numbers, and they are the same'),
    option('--code <text>', 'text of the QR code that the other person shows: dim:verify?…'),
    option('--undo', 'take it back'),
  ],
  examples: ['dim contacts verify hulk', 'dim contacts verify hulk --same'],

  async run(context, options, who) {
    const ways = [options.same, options.undo, options.code].filter((each) => each !== undefined);
    if (ways.length > 1) throw usage('--same, --code and --undo cannot be used together');
    await withHistory(context, async (session) => {
      const id = await session.host.people.require(who);
      await change(id, options, session);
      await show(id, session, context);
    });
  },
};

async function change(
  id: ID,
  { same, undo, code }: VerifyOptions,
  { client: { contacts } }: Session,
): Promise<void> {
  if (undo === true) await contacts.unverify(id.text);
  else if (same === true) await contacts.verify(id.text, 'number');
  else if (code !== undefined) await contacts.verify(id.text, { code });
}

async function show(id: ID, { client, host }: Session, { output }: CommandContext): Promise<void> {
  const number = await client.contacts.safetyNumber(id.text);
  const me = await client.me.ready;
  const contact = await client.contacts.get(id.text);
  const label = await host.people.label(id);
  const fingerprint = contact?.fingerprint;
  const verified = contact?.verified;
  const qr = await client.contacts.verificationCode(id.text);
  const groups = number.split(' ');
  const lines = [groups.slice(0, GROUPS_ON_LINE), groups.slice(GROUPS_ON_LINE)];
  const state =
    verified === undefined
      ? 'not verified yet'
      : `verified by ${verified.how === 'number' ? 'comparing the number' : 'a code'}`;
  output.result(
    'verification',
    {
      who: await host.people.facts(id),
      safetyNumber: number,
      fingerprint,
      ownFingerprint: me.fingerprint,
      qr,
      verified:
        verified === undefined ? undefined : { how: verified.how, time: verified.time / 1000 },
    },
    [`${label} is ${state}`, ...lines.map((each) => `  ${each.join(' ')}`)],
  );
}
