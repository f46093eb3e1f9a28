import type { Channel } from '@dimp/chat/port';

/**
 * The channels to one other process. They end together: the end of the process reaches each of them at another moment, and what
 * fails in between must already find {@link lost} aborted, or it looks like an error of its own.
 */
export class SharedFate {
  readonly #lost = new AbortController();
  readonly #members = new Set<Member>();
  #state: 'open' | 'closed' | 'lost' = 'open';

  /** Aborted when the first of the channels has ended, unless this side has called {@link close}. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Adds a channel. @returns the channel to use in its place */
  add(channel: Channel): Channel {
    const member = new Member(channel, (from, error) => this.#end(from, error));
    this.#members.add(member);
    if (this.#state === 'lost') member.end(undefined);
    if (this.#state === 'closed') channel.close();
    return member.channel;
  }

  /** The other process cannot be reached any more: ends all channels as if it had closed them. */
  lose(error?: unknown): void {
    this.#end(undefined, error);
  }

  /** Closes all channels. Messages that were posted before it are sent. */
  close(): void {
    if (this.#state === 'open') this.#state = 'closed';
    for (const member of this.#members) member.close();
  }

  #end(from: Member | undefined, error: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    this.#lost.abort();
    // A user who has closed its channel itself is not told.
    from?.close();
    for (const member of this.#members) if (member !== from) member.end(error);
  }
}

/** One of the channels. */
class Member {
  readonly channel: Channel;
  readonly #channel: Channel;
  #onClose: Channel['onClose'];
  #ended: { readonly error: unknown } | undefined;

  /** @param onEnd - called when the other side has ended, or with this member if its user has closed the channel */
  constructor(channel: Channel, onEnd: (from: Member | undefined, error: unknown) => void) {
    const member = this;
    this.#channel = channel;
    this.channel = {
      post: (message) => channel.post(message),
      close: () => {
        onEnd(member, undefined);
        channel.close();
      },
      get onMessage() {
        return channel.onMessage;
      },
      set onMessage(listener) {
        channel.onMessage = listener;
      },
      get onClose() {
        return member.#onClose;
      },
      set onClose(listener) {
        member.#onClose = listener;
        if (member.#ended !== undefined) listener?.(member.#ended.error);
      },
    };
    channel.onClose = (error) => onEnd(undefined, error);
  }

  /** Tells the user that the channel is closed, and closes it. */
  end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    this.#onClose?.(error);
    this.#channel.close();
  }

  close(): void {
    this.#channel.close();
  }
}
