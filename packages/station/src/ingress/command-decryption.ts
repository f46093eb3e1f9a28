import type { Opening, Transceiver } from '@dimp/core';
import type { Content, InstantMessage, ReliableMessage, Verified } from '@dimp/dkd';
import type { ArrayBody, Freshness } from '@dimp/endpoint';
import { isProtocolError } from '@dimp/foundation';
import type { CommandProcessor } from '../commands/command.ts';
import { isStoreFailure, Refused } from './refused.ts';

/** Options for {@link decryptCommand}. */
export interface CommandDecryption {
  readonly transceiver: Transceiver;
  readonly freshness: Freshness;
  readonly commands: CommandProcessor | undefined;
}

/** A decrypted command, and what its decryption proves. */
export interface DecryptedCommand extends InstantMessage {
  readonly opening: Opening | undefined;
}

/**
 * Decrypts a message for the station. An attacker may have copied wrapped key and ciphertext from a message of another
 * sender to learn from the station's answers. So every failure, from the wrapped key to the type and number of the
 * content, has the same answer. An unproven content has that answer too, unless it is a command that the station
 * handles (spec §14.2 #21).
 *
 * @throws a refusal; `store/` codes
 */
export async function decryptCommand(
  message: Verified<ReliableMessage>,
  { transceiver, freshness, commands }: CommandDecryption,
): Promise<DecryptedCommand> {
  let opened: InstantMessage;
  try {
    opened = await transceiver.decrypt(message);
  } catch (error) {
    const failure = transceiver.failureOf(error);
    if (failure === 'unreadable' || failure === 'unproven') throw notValid();
    throw error;
  }
  const opening = transceiver.openingOf(opened);
  const { envelope, content } = opened;
  if (opening?.proven === true) {
    freshness.checkContent(content, envelope);
    return { envelope, content, opening };
  }
  if (!isKnown(content, commands) || !isFresh(opened, freshness)) throw notValid();
  return { envelope, content, opening };
}

/** Whether a content and all contents inside it are handshakes or commands with handlers. */
function isKnown(content: Content, commands: CommandProcessor | undefined): boolean {
  const { kind, body } = content;
  if (kind === 'handshake') return true;
  if (kind === 'array') {
    return (body as ArrayBody).contents.every((inner) => isKnown(inner, commands));
  }
  if (kind === 'unknown') return false;
  return commands?.handles?.(kind) ?? commands !== undefined;
}

function isFresh({ content, envelope }: InstantMessage, freshness: Freshness): boolean {
  try {
    freshness.checkContent(content, envelope);
    return true;
  } catch (error) {
    if (!isProtocolError(error) || isStoreFailure(error)) throw error;
    return false;
  }
}

function notValid(): Refused {
  return new Refused('crypto/decrypt', 'Message not valid.');
}
