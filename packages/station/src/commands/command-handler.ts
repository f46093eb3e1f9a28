import type { ContentType, Draft } from '@dimp/dkd';
import type { MaybePromise } from '@dimp/foundation';
import type { StationCommand } from './command.ts';

/** Handles commands, or other contents for the station, of one kind. */
export interface CommandHandler {
  /** Kind of the contents, such as `search`. */
  readonly kind: string;
  /**
   * @returns the answers to the sender
   * @throws a `ProtocolError`, whose receipt text the sender gets. For `store/` codes the sender gets nothing, and
   *   sends again.
   */
  handle(command: StationCommand): MaybePromise<readonly Draft[]>;
}

/**
 * Creates a handler for a content type.
 *
 * @example
 * ```ts
 * const handler = commandHandler(Greeting, ({ content }) => [Text.create({ text: `Be ${content.body.mood}!` })]);
 * ```
 */
export function commandHandler<Body>(
  type: ContentType<string, Body>,
  handle: (command: StationCommand<Body>) => MaybePromise<readonly Draft[]>,
): CommandHandler {
  // The command table calls a handler with contents of its kind only, and these have this body.
  return { kind: type.kind, handle: (command) => handle(command as StationCommand<Body>) };
}
