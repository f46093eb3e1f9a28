import type { ChatMessage } from '@dimp/chat';
import { isJsonObject, type JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import { FILE_KINDS } from '../files/content-text.ts';
import { withoutSecrets } from '../inspect/redact.ts';
import type { People } from '../people/people.ts';
import { shownText } from './message-lines.ts';

/** Facts of a message for `--json`. Times are seconds since the epoch. File keys are left out. */
export async function messageFacts(
  message: ChatMessage,
  conversation: ID,
  people: People,
  user: ID,
): Promise<JsonObject> {
  const { ref, sender, mine, kind, content, recalled, replyTo, poll } = message;
  const group = conversation.isGroup ? conversation : undefined;
  return {
    id: ref,
    direction: mine ? 'out' : 'in',
    sender,
    receiver: mine || group !== undefined ? conversation.text : user.text,
    user: user.text,
    conversation: conversation.text,
    group: group?.text,
    from: await people.facts(protocol.parseID(sender)),
    in: group === undefined ? undefined : await people.facts(group),
    time: message.time / 1000,
    arrived: message.arrived / 1000,
    kind,
    sn: content['sn'],
    text: recalled !== undefined ? '' : message.text || shownText(message),
    state: message.state,
    code: message.error,
    replyTo:
      replyTo === undefined
        ? undefined
        : { id: replyTo.ref, sender: replyTo.sender, text: replyTo.text },
    edited: message.edits.length > 0 ? true : undefined,
    recalled: recalled === undefined ? undefined : { by: recalled.by, time: recalled.time / 1000 },
    reactions:
      message.reactions.length === 0
        ? undefined
        : message.reactions.map(({ emoji, count, by }) => ({ emoji, count, by: [...by] })),
    poll:
      poll === undefined
        ? undefined
        : {
            question: poll.question,
            closed: poll.closed,
            options: poll.options.map(({ id, text, votes }) => ({ id, text, votes })),
          },
    readBy: message.readBy.length === 0 ? undefined : [...message.readBy],
    mentionsMe: message.mentionsMe ? true : undefined,
    forwarded: message.forwarded ? true : undefined,
    file: FILE_KINDS.includes(kind) ? fileFacts(content) : undefined,
    content: withoutSecrets(content),
  };
}

function fileFacts(content: JsonObject): JsonObject | undefined {
  const { filename, URL: url, size, sha256 } = content;
  if (!isJsonObject(content)) return undefined;
  return { filename, url, size, sha256: hexOf(sha256) };
}

/** Digests are Base64 on the wire. */
function hexOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 ? bytes.toString('hex') : undefined;
}
