import { formatLink, formatQrText, formatWebLink, type Link, parseLink } from '@dimp/chat/links';
import { protocol } from '../account/protocol.ts';
import { placeOfRecord } from '../account/stations.ts';
import type { Host } from '../host/host.ts';
import { withHistory } from '../host/with-messaging.ts';
import { oneLine } from '../terminal/text.ts';
import { type CommandDefinition, option, wholeNumberOption } from './command.ts';

/** Options of `dim contacts link`. */
interface LinkOptions {
  readonly public?: boolean;
  readonly uses?: number;
  readonly days?: number;
  readonly web?: string;
}

const MAX_USES = 100;
const MAX_DAYS = 365;

/** Makes a link by which others can reach the user. */
export const linkContactCommand: CommandDefinition<LinkOptions> = {
  usage: 'link',
  description:
    'Makes a link by which another person can reach you, for one use within seven days: dim contacts add LINK. Give it to that person only, unless it is --public.',
  options: [
    option('--public', 'a link for everybody, without a token: who follows it sends a request'),
    wholeNumberOption('--uses <number>', 'how many people can use it; 1 by default', 1, MAX_USES),
    wholeNumberOption('--days <number>', 'how long it can be used; 7 by default', 1, MAX_DAYS),
    option('--web <origin>', 'a link to a web page, such as https://chat.example'),
  ],
  examples: ['dim contacts link', 'dim contacts link --public --web https://chat.example'],

  async run(context, { public: isPublic, uses, days, web }) {
    await withHistory(context, async ({ client, host }) => {
      const text = await client.contacts.link({
        ...(isPublic === true ? { uses: 0 } : uses === undefined ? {} : { uses }),
        ...(days === undefined ? {} : { days }),
      });
      const link = await withStation(parseLink(text, protocol.addresses), host);
      const shown = web === undefined ? formatLink(link) : formatWebLink(link, web);
      const { fingerprint } = await client.me.ready;
      context.output.result(
        'link',
        { id: host.user.text, link: shown, qr: formatQrText(link), fingerprint },
        oneLine(shown),
      );
    });
  },
};

/** Adds the first station of the profile, where the user can be found. */
async function withStation(link: Link, { profile }: Host): Promise<Link> {
  const [first] = await profile.stations();
  if (link.kind !== 'contact' || link.station !== undefined || first === undefined) return link;
  const { host, port } = placeOfRecord(first);
  return { ...link, station: { host, port } };
}
