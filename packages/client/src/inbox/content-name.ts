import { sha256Base64 } from '@dimp/crypto/digests';
import { expectsReceipt } from '@dimp/endpoint';
import { concatBytes, type Json, stringifyJson, utf8Encode } from '@dimp/foundation';
import type { OpenedMessage } from './message-opener.ts';

/** Members that differ between the copies of one content. */
const OF_THE_COPY: ReadonlySet<string> = /* @__PURE__ */ new Set(['after', 'receiver', 'sender']);

/**
 * Returns a name for the content of a message. A copy that the sender has packed anew for another key of the receiver
 * has the same name, while its ciphertext and so its `messageID` differ. Sender, serial number and time distinguish
 * contents. The other members are compared as well, because some programs repeat serial numbers.
 *
 * @returns undefined for messages that are never packed anew: messages without receipts, and messages whose sender is
 *   not proven to know the content
 */
export function contentName({
  envelope,
  content,
  proven,
  timeTrusted,
}: OpenedMessage): string | undefined {
  const { sender, receiver } = envelope;
  if (!proven || !timeTrusted || !expectsReceipt(content, sender, receiver)) return undefined;
  const members = Object.entries(content.wire).filter(([name]) => !OF_THE_COPY.has(name));
  const said = stringifyJson(Object.fromEntries(members.sort(byName)));
  const names = [sender.entity, receiver.entity, content.sn, content.time, ''].join('\u0000');
  return sha256Base64(concatBytes(utf8Encode(names), utf8Encode(said)));
}

type Member = readonly [name: string, value: Json | undefined];

function byName([a]: Member, [b]: Member): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
