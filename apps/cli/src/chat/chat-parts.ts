import type { DimClient } from '@dimp/chat/client';
import type { Host } from '../host/host.ts';
import type { MessagingCalls } from '../host/messaging-calls.ts';
import type { Context } from '../terminal/context.ts';
import type { ChatState } from './chat-state.ts';
import type { MessageView } from './message-view.ts';

/** Options of `dim chat`. */
export interface ChatOptions {
  /** Folder URL of a file server. */
  readonly files?: string;
  /** Folder for `/save`. */
  readonly save?: string;
}

/** Parts that a chat uses. */
export interface ChatParts {
  readonly host: Host;
  readonly client: DimClient;
  readonly calls: MessagingCalls;
  readonly state: ChatState;
  readonly view: MessageView;
  readonly options: ChatOptions;
  /** Its output is above the line that is being typed. */
  readonly context: Context;
  /** Updates the names that the tab key offers. */
  readonly renew: () => Promise<void>;
}
