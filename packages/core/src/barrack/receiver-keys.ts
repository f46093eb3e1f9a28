import { canEncrypt, type EncryptKey, type KeyRegistry, samePublicKey } from '@dimp/crypto';
import { isProtocolError, ownMember } from '@dimp/foundation';
import { type Document, isVisa, type Meta, visaKey } from '@dimp/mkm';

/** What a visa names in its property `accepts` if its owner's program opens messages that are sealed with AES-GCM. */
export const ACCEPTS_AEAD = 'aead-1';

/** Terminals of one user that a message is encrypted for: every entry of a visa list costs its readers' bytes. */
const MAX_TERMINALS = 8;
/** A terminal that was not seen for so long is not written for any more. */
const MAX_AGE = 180 * 24 * 60 * 60;
/** Longest name of a terminal that is written for: it is not signed, and stands in each of our messages. */
const MAX_TERMINAL_LENGTH = 64;

/** A key that message keys for a user are encrypted with. */
export interface ReceiverKey {
  readonly key: EncryptKey;
  /**
   * Names of the terminals it belongs to, undefined for a visa without one. Whoever has a visa can show it under another
   * name, so one key may have several.
   */
  readonly terminals: readonly (string | undefined)[];
  /** Whether the program behind it opens messages that are sealed with AES-GCM. */
  readonly aead: boolean;
  /** When the visa was signed, in seconds since the epoch; 0 for a meta. */
  readonly time: number;
}

/**
 * Keys of all visas of a user, newest first; that of the meta if there is none. A key in a document of another type, such as
 * one of an application, is for something else.
 */
export function receiverKeys(
  documents: readonly Document[],
  meta: Meta | undefined,
  keys: Pick<KeyRegistry, 'parsePublic'>,
): readonly ReceiverKey[] {
  const found: ReceiverKey[] = [];
  const byTime = documents.filter(isVisa).sort((a, b) => (b.time ?? 0) - (a.time ?? 0));
  for (const document of byTime) {
    const key = readKey(document, keys);
    if (key === undefined) continue;
    const { terminal, time = 0 } = document;
    if (terminal !== undefined && terminal.length > MAX_TERMINAL_LENGTH) continue;
    const same = found.findIndex((each) => samePublicKey(each.key, key));
    const known = found[same];
    if (known === undefined) {
      found.push({ key, terminals: [terminal], aead: acceptsAead(document), time });
    } else if (known.terminals.length < MAX_TERMINALS && !known.terminals.includes(terminal)) {
      found[same] = { ...known, terminals: [...known.terminals, terminal] };
    }
  }
  if (found.length > 0 || meta === undefined || !canEncrypt(meta.key)) return found;
  return [{ key: meta.key, terminals: [undefined], aead: false, time: 0 }];
}

/** Those of {@link receiverKeys} that are in use: not too many, and none that was left behind long ago. */
export function chooseReceiverKeys(
  keys: readonly ReceiverKey[],
  now: number,
): readonly ReceiverKey[] {
  return keys.filter(
    ({ time }, index) => index === 0 || (index < MAX_TERMINALS && time > now - MAX_AGE),
  );
}

function acceptsAead({ properties }: Document): boolean {
  const accepts = ownMember(properties, 'accepts');
  return Array.isArray(accepts) && accepts.includes(ACCEPTS_AEAD);
}

function readKey(
  document: Document,
  keys: Pick<KeyRegistry, 'parsePublic'>,
): EncryptKey | undefined {
  try {
    return visaKey(document, keys);
  } catch (error) {
    // A visa with a key of an algorithm we do not have: its owner can still be reached by another or by the meta key.
    if (!isProtocolError(error)) throw error;
    return undefined;
  }
}
