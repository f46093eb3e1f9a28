import type { Chat } from '@dimp/chat';

/** A text to send. */
export interface TextToSend {
  readonly text: string;
  /** Ref of the message that it answers. */
  readonly replyTo?: string | undefined;
  /** When its sending was tried first, in milliseconds since the epoch; undefined for the first attempt. */
  readonly triedAt?: number | undefined;
}

/**
 * Sends a text, unless an earlier attempt has done so: the process that had the profile open may have ended before it could say
 * that the message is on disk.
 *
 * @returns ref of the message
 */
export async function sendOnce(
  chat: Chat,
  { text, replyTo, triedAt }: TextToSend,
): Promise<string> {
  if (triedAt !== undefined) {
    for await (const { ref, mine, text: sent } of chat.messages({ from: triedAt })) {
      if (mine && sent === text) return ref;
    }
  }
  const sent = replyTo === undefined ? await chat.send(text) : await chat.reply(replyTo, text);
  return sent.ref;
}
