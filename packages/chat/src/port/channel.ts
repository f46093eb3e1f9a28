/**
 * Carries messages in order to the other side: a `MessagePort`, a worker, a socket. A channel has one user, who sets
 * {@link Channel.onMessage} before anything else.
 */
export interface Channel {
  /**
   * Sends a message: plain data that can be cloned. Does nothing after the channel was closed.
   *
   * @throws an error for a value that cannot be cloned
   */
  post(message: unknown): void;
  /** Called with each message of the other side. Messages that arrive before it is set wait. */
  onMessage: ((message: unknown) => void) | undefined;
  /** Called once when the channel is closed by the other side or by a failure, but not after {@link Channel.close}. */
  onClose: ((error?: unknown) => void) | undefined;
  /** Closes both sides. Messages that were posted before it are sent. */
  close(): void;
}

/** What {@link portChannel} needs of a `MessagePort`, a `Worker`, or the global scope of a worker. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  addEventListener(
    type: 'message' | 'messageerror' | 'close',
    listener: (event: { readonly data?: unknown }) => void,
  ): void;
  /** Of a `MessagePort`. */
  start?(): void;
  /** Of a `MessagePort`. */
  close?(): void;
  /** Of a `Worker`. */
  terminate?(): void;
}

/**
 * Makes a channel of a `MessagePort`, a `Worker`, or the global scope of a dedicated worker.
 *
 * Closing the channel closes a port; it does not end a worker.
 */
export function portChannel(port: MessagePortLike): Channel {
  const inbox = new Inbox();
  let closed = false;
  const end = (error?: unknown): void => {
    if (closed) return;
    closed = true;
    inbox.end(error);
  };
  port.addEventListener('message', ({ data }) => {
    if (!closed) inbox.put(data);
  });
  port.addEventListener('messageerror', () => end(new TypeError('a message cannot be read')));
  port.addEventListener('close', () => end());
  port.start?.();
  return inbox.channel({
    post: (message) => {
      if (!closed) port.postMessage(message);
    },
    close: () => {
      closed = true;
      port.close?.();
    },
  });
}

/** Makes two channels in one thread that are connected with each other. Messages are handed over, not cloned. */
export function channelPair(): readonly [Channel, Channel] {
  const inboxes = [new Inbox(), new Inbox()] as const;
  let closed = false;
  const make = (own: Inbox, other: Inbox): Channel =>
    own.channel({
      post: (message) => {
        if (!closed) queueMicrotask(() => other.put(message));
      },
      close: () => {
        if (closed) return;
        closed = true;
        queueMicrotask(() => other.end());
      },
    });
  return [make(inboxes[0], inboxes[1]), make(inboxes[1], inboxes[0])];
}

/** Hands messages to the user of a channel, as soon as there is one. */
export class Inbox {
  readonly #waiting: unknown[] = [];
  #onMessage: Channel['onMessage'];
  #onClose: Channel['onClose'];
  #ended: { readonly error?: unknown } | undefined;

  put(message: unknown): void {
    if (this.#ended !== undefined) return;
    if (this.#onMessage === undefined) this.#waiting.push(message);
    else this.#onMessage(message);
  }

  end(error?: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    this.#onClose?.(error);
  }

  /** A channel that reads from here. */
  channel({ post, close }: Pick<Channel, 'post' | 'close'>): Channel {
    const inbox = this;
    return {
      post,
      close,
      get onMessage() {
        return inbox.#onMessage;
      },
      set onMessage(listener) {
        inbox.#onMessage = listener;
        for (const message of listener === undefined ? [] : inbox.#waiting.splice(0)) {
          listener?.(message);
        }
      },
      get onClose() {
        return inbox.#onClose;
      },
      set onClose(listener) {
        inbox.#onClose = listener;
        if (inbox.#ended !== undefined) listener?.(inbox.#ended.error);
      },
    };
  }
}
