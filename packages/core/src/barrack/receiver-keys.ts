import { canEncrypt, type EncryptKey, type KeyRegistry, samePublicKey } from '@dimp/crypto';
import { isProtocolError, ownMember } from '@dimp/foundation';
import { type Document, isVisa, type Meta, visaKey } from '@dimp/mkm';

/** The value in a visa's property `accepts` that announces support for AES-GCM. */
export const ACCEPTS_AEAD = 'aead-1';

/** Maximum number of terminals of a user that a message is encrypted for, because each adds bytes to the message. */
const MAX_TERMINALS = 8;
/** Age of a visa from which its terminal is left out. */
const MAX_AGE = 180 * 24 * 60 * 60;
/** Maximum length of a terminal name that is written. It is not signed, and every message repeats it. */
const MAX_TERMINAL_LENGTH = 64;

/** A key that encrypts message keys for a user. */
export interface ReceiverKey {
  readonly key: EncryptKey;
  /**
   * Names of its terminals; undefined stands for a visa without a name. Anyone with a visa can present it under another name,
   * so one key may have several.
   */
  readonly terminals: readonly (string | undefined)[];
  /** Whether its program supports AES-GCM. */
  readonly aead: boolean;
  /** When the visa was signed, in seconds since the epoch; 0 for a meta. */
  readonly time: number;
}

/**
 * Returns the keys of all visas of a user, newest first; that of the meta if there is no visa. Ignores keys in documents of other
 * types.
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

/** Chooses among {@link receiverKeys}: not too many, and none of a terminal that was abandoned long ago. */
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
    // A visa key of an unregistered algorithm: the owner can still be reached through another visa or the meta key.
    if (!isProtocolError(error)) throw error;
    return undefined;
  }
}
