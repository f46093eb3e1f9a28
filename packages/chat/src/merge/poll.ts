import { type PollQuestion, pollQuestion } from '@dimp/extensions/chat';
import { isProtocolError, type JsonObject, ownMember } from '@dimp/foundation';

const schema = pollQuestion();

/** The poll of a content as it came; undefined if it has none that can be read. */
export function readPoll(content: JsonObject): PollQuestion | undefined {
  try {
    return schema.decode(ownMember(content, 'poll'), 'poll');
  } catch (error) {
    if (isProtocolError(error)) return undefined;
    throw error;
  }
}
