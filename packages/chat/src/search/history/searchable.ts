import { isJsonObject, type Json, type JsonObject, ownMember } from '@dimp/foundation';
import { type MessageRecord, shownText } from '../../history/message-record.ts';
import type { IndexedMessage } from '../search-index.ts';
import { termsOf } from '../tokens.ts';

/** Most hosts of links of one message. */
const MAX_HOSTS = 8;
const LINK = /https?:\/\/([^\s/:?#\\"'<>()]{1,253})/giu;

/** Members with words that people see besides the text. */
const NAMES: readonly string[] = ['filename', 'title', 'name', 'desc'];

/** Whether a message can be found: not after a recall, and not the notes of this program. */
export function isSearchable({ kind, annotations }: MessageRecord): boolean {
  return kind !== 'note' && annotations?.recalled === undefined;
}

/** Everything that a message is found by: its text after edits, names of files, of people, and of pages. */
export function searchableText(message: MessageRecord): string {
  return [shownText(message), ...namesIn(message.content)].join('\n');
}

/** The message as the index takes it. @param conversation - entity of the peer or the group */
export function toIndexed(conversation: string, message: MessageRecord): IndexedMessage {
  const { ref, stamp } = message;
  const terms = [...filterTermsOf(message), ...termsOf(searchableText(message))];
  return { conversation, ref, stamp, terms };
}

/** The term of a kind. Messages of any kind with a link have the kind `link` as well. */
export function kindTerm(kind: string): string {
  return `k:${kind}`;
}

/** The term of an author. @param sender - an entity */
export function senderTerm(sender: string): string {
  return `f:${sender}`;
}

/** The term of a link to a host. */
export function hostTerm(host: string): string {
  return `h:${host.toLowerCase()}`;
}

/** Terms by which messages are filtered. Words have no colon, so that no word is one of them. */
export function filterTermsOf(message: MessageRecord): readonly string[] {
  const hosts = [...shownText(message).matchAll(LINK)].slice(0, MAX_HOSTS);
  return [
    kindTerm(message.kind),
    senderTerm(message.sender),
    ...(hosts.length > 0 ? [kindTerm('link')] : []),
    ...hosts.map(([, host = '']) => hostTerm(host)),
  ];
}

function namesIn(content: JsonObject): readonly string[] {
  const contents = ownMember(content, 'contents');
  const parts = Array.isArray(contents) ? (contents as readonly Json[]).filter(isJsonObject) : [];
  const preview = ownMember(content, 'preview');
  const nested = isJsonObject(preview) ? [...parts, preview] : parts;
  return [content, ...nested].flatMap((each) =>
    [...NAMES, ...(each === content ? [] : ['text'])].flatMap((name) => {
      const value = ownMember(each, name);
      return typeof value === 'string' ? [value] : [];
    }),
  );
}
