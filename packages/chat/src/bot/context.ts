import type { Draft } from '@dimp/dkd';
import type { Json } from '@dimp/foundation';
import type { DimClient } from '../client/dim-client.ts';
import type { Chat, IncomingChatMessage, SentMessage } from '../model/chats.ts';
import type { ChatMessage } from '../model/message.ts';
import type { CommandCall } from './command.ts';

/** A message as the handlers of a bot see it, with what they usually do. */
export interface BotContext<S extends Json = Json> {
  readonly client: DimClient;
  readonly message: ChatMessage;
  readonly chat: Chat;
  /** ID of the author. */
  readonly sender: string;
  readonly text: string;
  /** Set if the text is a command. */
  readonly command?: CommandCall;
  /** Whether the conversation is a group. */
  readonly isGroup: boolean;
  /**
   * What the bot remembers of this person in this conversation; undefined at first. What is here when the handlers have ended is
   * remembered.
   */
  session: S | undefined;
  /** Aborts when the handlers have taken too long, and when the bot stops. */
  readonly signal: AbortSignal;
  /** Answers the message: in a group with a quote of it. */
  reply(content: string | Draft): Promise<SentMessage>;
  /** Writes to the conversation. */
  send(content: string | Draft): Promise<SentMessage>;
  /** Sets the bot's reactions to the message; none takes them back. */
  react(...emojis: readonly string[]): Promise<void>;
  /** Tells that the bot is writing, for a few seconds. */
  typing(): void;
}

/** What a {@link BotContext} is made of. */
export interface ContextParts<S extends Json> {
  readonly client: DimClient;
  readonly chat: Chat;
  readonly incoming: IncomingChatMessage;
  readonly isGroup: boolean;
  readonly command: CommandCall | undefined;
  readonly session: S | undefined;
  readonly signal: AbortSignal;
}

/** Makes a context. Its functions need no `this`, so handlers may take them apart. */
export function makeContext<S extends Json>(parts: ContextParts<S>): BotContext<S> {
  const { client, chat, incoming, isGroup, command, session, signal } = parts;
  const { message } = incoming;
  return {
    client,
    message,
    chat,
    sender: message.sender,
    text: message.text,
    ...(command === undefined ? {} : { command }),
    isGroup,
    session,
    signal,
    reply: (content) => (isGroup ? chat.reply(message.ref, content) : chat.send(content)),
    send: (content) => chat.send(content),
    react: (...emojis) => chat.react(message.ref, emojis),
    typing: () => chat.typing(),
  };
}
