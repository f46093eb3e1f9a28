import {
  type JsonObject,
  parseJsonObject,
  stringifyJson,
  utf8Decode,
  utf8Encode,
} from '@dimp/foundation';
import type { SeededRandom } from '@dimp/testing/network';

type Damage = (message: JsonObject) => JsonObject;

/** Ways to damage common members of a message so that it is certainly wrong. */
const DAMAGES: readonly Damage[] = [
  spoil('data', otherFirst),
  spoil('signature', otherFirst),
  spoil('IV', otherFirst),
  // An address has a check sum at its end.
  spoil('sender', otherLast),
  spoil('receiver', otherLast),
  // These are not signed, so the message may be accepted as it was.
  spoil('type', () => '999'),
  ({ time, ...others }) => ({ ...others, time: typeof time === 'number' ? time - 1 : 0 }),
  ({ meta: _, ...others }) => others,
  ({ visa: _, ...others }) => others,
  ({ key: _, keys: __, ...others }) => others,
];

/**
 * Damages a message in a way that has the same consequences in every run: the keys in it are no seed's, and what
 * changing any byte of them does is left to chance.
 */
export function damage(packet: Uint8Array, random: SeededRandom): Uint8Array {
  const kind = random.integer(DAMAGES.length + 2);
  const where = random.next();
  const change = DAMAGES[kind];
  if (change !== undefined) {
    return utf8Encode(stringifyJson(change(parseJsonObject(utf8Decode(packet)))));
  }
  const at = Math.floor(where * packet.length);
  if (kind === DAMAGES.length) return packet.slice(0, at);
  // Is in no UTF-8.
  packet[at] = 0xff;
  return packet;
}

function spoil(member: string, change: (text: string) => string): Damage {
  return (message) => {
    const text = message[member];
    return typeof text === 'string' ? { ...message, [member]: change(text) } : message;
  };
}

/** Of Base64 it changes the first byte; of the text of a broadcast it makes no JSON. */
function otherFirst(text: string): string {
  return `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
}

function otherLast(text: string): string {
  return `${text.slice(0, -1)}${text.endsWith('z') ? 'y' : 'z'}`;
}
