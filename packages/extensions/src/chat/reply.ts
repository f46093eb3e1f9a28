import { ownMember } from '@dimp/foundation';
import type { QuoteBody } from '../contents/quote.ts';
import { type TargetMessage, targetOf } from './target.ts';

/** Most characters of the quoted text. */
const MAX_QUOTED = 200;

/**
 * Body of a `Quote` that answers a message. Clients that do not know replies show its text.
 *
 * @example
 * ```ts
 * await messenger.send(Quote.create(replyBody('At eight.', message)), message.envelope.sender);
 * ```
 */
export function replyBody(text: string, message: TargetMessage): QuoteBody {
  const { envelope, content } = message;
  const quoted = ownMember(content.wire, 'text');
  return {
    text,
    origin: {
      ...targetOf(message),
      receiver: content.group ?? envelope.group ?? envelope.receiver,
      type: content.type,
      ...(typeof quoted === 'string' ? { text: quoted.slice(0, MAX_QUOTED) } : {}),
    },
  };
}
