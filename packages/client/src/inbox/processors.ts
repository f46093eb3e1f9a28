import type { Content, Draft } from '@dimp/dkd';
import { STANDARD_KINDS } from '@dimp/endpoint';
import { type Handle, type MaybePromise, makeHandle } from '@dimp/foundation';
import type { IncomingMessage } from '../messages/incoming-message.ts';

/** Answers of a handler: none, one content, or several. They are sent to the sender of the message. */
export type Answers = Draft | readonly Draft[] | undefined;

/** Handles the messages of one content type. Its return value is sent to the sender of the message. */
export type Handler<C extends Content = Content> = (
  message: IncomingMessage<C>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that answers nothing need not say so
) => MaybePromise<Answers | void>;

/** Passes a message on to the next middleware, and finally to its handlers or to the iteration. */
export type Next = () => Promise<Answers>;

/**
 * Runs before all handlers. It may inspect a message, stop it by not calling `next`, or change the answers.
 */
export type Middleware<C extends Content = Content> = (
  message: IncomingMessage<C>,
  next: Next,
  // biome-ignore lint/suspicious/noConfusingVoidType: a middleware that answers nothing need not say so
) => MaybePromise<Answers | void>;

/** Handlers by content type, and the middleware before them. */
export class Processors {
  readonly #handlers = new Map<string, Handler[]>();
  readonly #middleware: Middleware[] = [];

  /**
   * Registers a handler. Several handlers of one type are called in order.
   *
   * @param type - a content type, or `unknown` for contents whose type is not registered
   * @throws `RangeError` for a type that the messenger processes itself
   */
  handle(type: { readonly kind: string }, handler: Handler<never>): Handle {
    if (STANDARD_KINDS.has(type.kind)) {
      throw new RangeError(`type must not be ${type.kind}: the messenger processes it itself`);
    }
    const handlers = this.#handlers.get(type.kind) ?? [];
    this.#handlers.set(type.kind, handlers);
    return enlist(handlers, handler as Handler);
  }

  use(middleware: Middleware<never>): Handle {
    return enlist(this.#middleware, middleware as Middleware);
  }

  /** Whether a handler or a middleware may handle contents of a kind. */
  handles(kind: string): boolean {
    return this.#middleware.length > 0 || (this.#handlers.get(kind)?.length ?? 0) > 0;
  }

  /**
   * Runs middleware and handlers for a message.
   *
   * @param otherwise - called after all middleware if the message has no handler
   */
  async run(message: IncomingMessage, otherwise: () => void): Promise<readonly Draft[]> {
    const middleware = [...this.#middleware];
    const dispatch = async (index: number): Promise<Answers> => {
      const next = middleware[index];
      if (next === undefined) return this.#handle(message, otherwise);
      let rest: Promise<Answers> | undefined;
      let isRestDone = false;
      const answers = await next(message, () => {
        // A handler must not run twice for one message.
        if (rest !== undefined) throw new TypeError('next must be called only once');
        rest = dispatch(index + 1);
        // A middleware may ignore the promise. Its rejection must not end the process then.
        const done = (): void => {
          isRestDone = true;
        };
        rest.then(done, done);
        return rest;
      });
      // A middleware that has not waited has not handled a failure either.
      if (!isRestDone) await rest;
      return answers ?? undefined;
    };
    return listOf(await dispatch(0));
  }

  async #handle(message: IncomingMessage, otherwise: () => void): Promise<Answers> {
    const handlers = this.#handlers.get(message.content.kind) ?? [];
    if (handlers.length === 0) {
      otherwise();
      return undefined;
    }
    const answers: Draft[] = [];
    for (const handler of [...handlers]) {
      answers.push(...listOf((await handler(message)) ?? undefined));
    }
    return answers;
  }
}

function enlist<T>(list: T[], item: T): Handle {
  list.push(item);
  let gone = false;
  return makeHandle(() => {
    if (gone) return;
    gone = true;
    list.splice(list.lastIndexOf(item), 1);
  });
}

function listOf(answers: Answers): readonly Draft[] {
  if (answers === undefined) return [];
  return isList(answers) ? answers : [answers];
}

function isList(answers: Draft | readonly Draft[]): answers is readonly Draft[] {
  return Array.isArray(answers);
}
