import type { ID } from '@dimp/mkm';
import { Chat } from '../chat/chat.ts';
import { Conversation } from '../chat/conversation.ts';
import { completions } from '../chat/input.ts';
import { Screen } from '../chat/screen.ts';
import { connectionOf } from '../connection.ts';
import type { Context } from '../context.ts';
import { DeferredMessages } from '../deferred.ts';
import { History } from '../history.ts';
import { People } from '../people/people.ts';
import { openProfile, userOf } from '../profile.ts';

/** Options of `dim chat`. */
export interface ChatOptions {
  readonly files?: string;
}

/** Messages of earlier that are shown first. */
const SHOWN_FIRST = 20;
/** Lines of earlier that the arrow keys bring back. */
const TYPED_BEFORE = 200;
/** How long what was typed last may take to be sent, in seconds. */
const LAST_SENDING = 10;

/** Shows what was said and what comes, and sends what is typed. */
export async function chatCommand(
  to: string | undefined,
  options: ChatOptions,
  context: Context,
): Promise<void> {
  await using profile = await openProfile(context);
  const { id: user } = await userOf(profile);
  const people = new People(profile, user);
  const peer = to === undefined ? undefined : await people.require(to);
  const history = new History(profile.store);
  const typed = peer === undefined ? [] : await typedBefore(history, peer);
  const references = { list: await people.references() };
  using screen = new Screen(context, typed, (line) => completions(line, references.list));
  // Everything is printed above the line that is typed, states of the connection as well.
  const shown = { ...context, output: screen.output };
  await using connection = await connectionOf(profile, shown);
  const conversation = new Conversation(connection, history, people, screen.output, shown, options);
  await using deferred = new DeferredMessages(connection.messenger, people, screen.output);
  const renew = async (): Promise<void> => {
    references.list = await people.references();
  };
  const chat = new Chat(
    { profile, connection, conversation, history, people, deferred, screen, renew },
    peer,
    SHOWN_FIRST,
  );
  await chat.show(SHOWN_FIRST);
  await connection.session.start();
  await deferred.tellAll();
  const end = new AbortController();
  const reading = chat.read(AbortSignal.any([end.signal, context.signal]));
  try {
    await chat.type();
    await conversation.settle(LAST_SENDING);
  } finally {
    end.abort();
    await reading;
  }
}

/** What the arrow keys bring back. */
async function typedBefore(history: History, peer: ID): Promise<readonly string[]> {
  const entries = await history.last(peer, TYPED_BEFORE);
  return entries
    .filter(({ direction, kind }) => direction === 'out' && kind === 'text')
    .map(({ text }) => text.replaceAll('\n', ' '))
    .reverse();
}
