import { sha256Base64 } from '@dimp/crypto/digests';
import { expectsReceipt } from '@dimp/endpoint';
import { concatBytes, type Json, stringifyJson, utf8Encode } from '@dimp/foundation';
import type { OpenedMessage } from './message-opener.ts';

/** Members that differ from copy to copy of one content. */
const OF_THE_COPY: ReadonlySet<string> = /* @__PURE__ */ new Set(['after', 'receiver', 'sender']);

/**
 * The name of what a message says: the same for a copy that its sender has packed anew, for another key of the receiver.
 * Such a copy has another ciphertext, so `messageID` does not recognize it. Sender, serial number and time are what
 * distinguishes contents; the rest is compared as well, because some programs number badly.
 *
 * @returns undefined for messages that nobody packs anew: those that are not repeated until they are confirmed, and those
 *   of which it is not proven that their sender wrote them
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
