import type { ContentType, Draft } from '@dimp/dkd';
import type { MaybePromise } from '@dimp/foundation';
import type { StationCommand } from './command.ts';

/** What a station does with commands, or other contents for it, of one kind. */
export interface CommandHandler {
  /** Kind of the contents, such as `search`. */
  readonly kind: string;
  /**
   * @returns what to answer the sender
   * @throws a protocol error: its text is the receipt. Of `store/` codes the sender hears nothing, and sends again.
   */
  handle(command: StationCommand): MaybePromise<readonly Draft[]>;
}

/**
 * Makes a handler of a content type.
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
  // The registry gives a handler the contents of its kind only, and these have this body.
  return { kind: type.kind, handle: (command) => handle(command as StationCommand<Body>) };
}
