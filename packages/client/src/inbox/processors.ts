import type { Content, ContentType, Draft } from '@dimp/dkd';
import { STANDARD_KINDS } from '@dimp/endpoint';
import { type Handle, type MaybePromise, makeHandle } from '@dimp/foundation';
import type { IncomingMessage } from './incoming-message.ts';

/** What a handler may answer: nothing, a content, or several. They go to the sender of the message. */
export type Answers = Draft | readonly Draft[] | undefined;

/** Handles the messages of one content type. What it returns is sent to the message's sender. */
export type Handler<C extends Content = Content> = (
  message: IncomingMessage<C>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that answers nothing need not say so
) => MaybePromise<Answers | void>;

/** What lets a message pass on to the next middleware, and at last to its handler or into the iteration. */
export type Next = () => Promise<Answers>;

/**
 * Stands before all handlers: it may look at a message, keep it back by not calling `next`, or change what is answered.
 */
export type Middleware<C extends Content = Content> = (
  message: IncomingMessage<C>,
  next: Next,
  // biome-ignore lint/suspicious/noConfusingVoidType: a middleware that answers nothing need not say so
) => MaybePromise<Answers | void>;

/** Who handles what: handlers by content type, in front of them middleware. */
export class Processors {
  readonly #handlers = new Map<string, Handler[]>();
  readonly #middleware: Middleware[] = [];

  /**
   * Registers a handler; several of one type are called in their order.
   *
   * @param type - a content type, or `unknown` for contents whose type is not registered
   * @throws `RangeError` for a type that the messenger itself processes
   */
  // biome-ignore lint/suspicious/noExplicitAny: any body, the caller's types are exact
  handle(type: Pick<ContentType<string, any>, 'kind'>, handler: Handler<any>): Handle {
    if (STANDARD_KINDS.has(type.kind)) {
      throw new RangeError(`the messenger itself processes ${type.kind}`);
    }
    const handlers = this.#handlers.get(type.kind) ?? [];
    this.#handlers.set(type.kind, handlers);
    return enlist(handlers, handler as Handler);
  }

  // biome-ignore lint/suspicious/noExplicitAny: any content, the caller's types are exact
  use(middleware: Middleware<any>): Handle {
    return enlist(this.#middleware, middleware as Middleware);
  }

  /** Whether anything but the iteration may handle contents of a kind. */
  handles(kind: string): boolean {
    return this.#middleware.length > 0 || (this.#handlers.get(kind)?.length ?? 0) > 0;
  }

  /**
   * Lets a message go through middleware and handlers.
   *
   * @param otherwise - called if no handler is there for it, behind all middleware
   */
  async run(message: IncomingMessage, otherwise: () => void): Promise<readonly Draft[]> {
    const middleware = [...this.#middleware];
    const dispatch = async (index: number): Promise<Answers> => {
      const next = middleware[index];
      if (next === undefined) return this.#handle(message, otherwise);
      let called = false;
      const answers = await next(message, () => {
        // A handler must not run twice for one message.
        if (called) throw new TypeError('next was called twice');
        called = true;
        return dispatch(index + 1);
      });
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
