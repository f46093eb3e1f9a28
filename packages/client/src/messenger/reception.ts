import { type Arrival, readPayload, type Transport } from '@dimp/core';
import { deferred, definedOnly, untilAborted, utf8Encode } from '@dimp/foundation';
import type { StationContact } from '../connection/station-contact.ts';
import type { Accepted } from '../inbox/received.ts';
import type { Receiver } from '../inbox/receiver.ts';
import { GatheredReceipts } from './gathered-receipts.ts';
import type { Replies } from './replies.ts';

/** Options for {@link Reception}. */
export interface ReceptionOptions {
  readonly receiver: Receiver;
  readonly replies: Replies;
  readonly transport: Transport;
  /** The station at the other end, if it requires a login. */
  readonly station?: StationContact;
  /** Runs a task that `Messenger.idle` waits for. */
  readonly background: (task: () => Promise<void>) => void;
}

/** Limits on unfinished messages, payloads, and their bytes. */
const MAX_MESSAGES = 64;
const MAX_PAYLOADS = 1024;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Receives the payloads of one connection, in order. While one is processed, the next ones are verified; all that are under
 * way share the writes to the disk. Each payload is acknowledged when it is on disk.
 */
export class Reception {
  readonly #options: ReceptionOptions;
  readonly #gathered: GatheredReceipts;
  /** Ends the reception: nothing behind a message that could not be stored is received. */
  readonly #broken = new AbortController();
  /** Completion of all payloads so far, in order. */
  #last: Promise<void> = Promise.resolve();
  #payloads = 0;
  #messages = 0;
  #bytes = 0;
  #changed: (() => void) | undefined;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#gathered = new GatheredReceipts(options.replies);
  }

  /**
   * Receives until the connection ends or the signal aborts. Payloads under way are finished.
   *
   * @throws the codes of the transport; `format/` codes for bytes that are not messages; `store/` codes
   */
  async run(stop: AbortSignal): Promise<void> {
    const { signal: broken } = this.#broken;
    const { transport } = this.#options;
    try {
      const end = AbortSignal.any([stop, broken]);
      for await (const arrival of untilAborted(transport.incoming, end)) {
        await this.#begin(arrival);
      }
    } finally {
      await this.#last;
      await this.#gathered.flush();
    }
    broken.throwIfAborted();
  }

  get #isFull(): boolean {
    const isLong = this.#messages >= MAX_MESSAGES || this.#payloads >= MAX_PAYLOADS;
    return isLong || this.#bytes >= MAX_BYTES;
  }

  async #begin(arrival: Arrival): Promise<void> {
    const { transport } = this.#options;
    const payload = readPayload(arrival.payload);
    // Not waited for: the peer may acknowledge it only when we have acknowledged its messages.
    if (payload.kind === 'ping') transport.send(utf8Encode(payload.reply)).catch(() => undefined);
    this.#payloads += 1;
    this.#bytes += arrival.payload.length;
    const received: Promise<Accepted>[] = [];
    const all = deferred();
    const before = this.#last;
    this.#last = before
      .then(() => all.promise)
      .then(() => this.#finish(arrival, received))
      .catch((error: unknown) => this.#broken.abort(error))
      .finally(() => {
        this.#payloads -= 1;
        this.#bytes -= arrival.payload.length;
        this.#changed?.();
      });
    const last = this.#last;
    this.#options.background(() => last);
    for (const text of payload.kind === 'messages' ? payload.messages : []) {
      received.push(this.#receive(text));
      while (this.#isFull) await this.#change();
    }
    all.resolve();
    // Payloads without messages too wait for those before them.
    while (this.#isFull) await this.#change();
  }

  #receive(text: string): Promise<Accepted> {
    const { receiver, station } = this.#options;
    this.#messages += 1;
    const received = receiver.receive(text, definedOnly({ via: station, guard: this.#broken }));
    const isReceived = (): void => {
      this.#messages -= 1;
      this.#changed?.();
    };
    // A failure is found when the payload is finished.
    received.then(isReceived, isReceived);
    return received;
  }

  /** Answers a payload, and acknowledges it. */
  async #finish(arrival: Arrival, received: readonly Promise<Accepted>[]): Promise<void> {
    let isFull = false;
    for (const each of received) {
      const accepted = await each;
      await this.#answer(accepted);
      isFull ||= accepted.isFull;
    }
    // The last one for now sends the receipts for all.
    if (this.#payloads === 1) await this.#gathered.flush();
    // Only now: a payload that is not on disk must be sent again (spec §14.6 no. 52).
    if (!isFull) arrival.acknowledge();
  }

  async #answer({ answers, handled }: Accepted): Promise<void> {
    const { replies } = this.#options;
    const receipts = answers.filter(({ receiptFor }) => receiptFor !== undefined);
    const others = answers.filter(({ receiptFor }) => receiptFor === undefined);
    await replies.send({ answers: others, handled });
    await this.#gathered.add(receipts);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}
