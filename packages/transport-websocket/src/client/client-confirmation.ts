import type { ProtocolError } from '@dimp/foundation';
import { ackKeysOf, encodeAck } from '../connection/acknowledgements.ts';
import type { Channel } from '../connection/channel.ts';
import type { Confirmation, PendingSend } from '../connection/confirmation.ts';
import { PING } from '../connection/control-frames.ts';

/** State of a payload that the server may not have yet. */
interface Pending {
  /** Number of the payload on the connection. */
  readonly number: number;
  written: boolean;
}

/** A `PING` that has not been answered. */
interface Ping {
  /** Number of the last payload sent before it. */
  readonly number: number;
  /** Milliseconds. */
  readonly sentAt: number;
}

/** Milliseconds after which an answer to `PING` is late. */
const PONG_TIMEOUT_MS = 5000;
/** Most `PING`s without an answer. */
const MAX_PINGS = 8;

/**
 * The client's side (spec §12.6). Servers do not acknowledge, but answer `PING` with `PONG`, in order, so an answer
 * confirms all payloads sent before the `PING`. Bytes that the operating system has accepted are not confirmed: a
 * connection can be dead for minutes before that is noticed. Only if a server sends other data and never answers a
 * `PING` are accepted bytes treated as confirmed. The client itself acknowledges each message.
 */
export class ClientConfirmation implements Confirmation {
  readonly #channel: Channel;
  readonly #pending = new Map<PendingSend, Pending>();
  /** In the order of their answers. */
  #pings: Ping[] = [];
  #number = 0;
  #now = 0;
  #answersPings: 'supposed' | 'known' | 'never' = 'supposed';

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  sent(pendingSend: PendingSend, now: number): void {
    this.#now = now;
    this.#number += 1;
    this.#pending.set(pendingSend, { number: this.#number, written: false });
  }

  written(pendingSend: PendingSend): void {
    const pending = this.#pending.get(pendingSend);
    if (pending === undefined) return;
    pending.written = true;
    if (this.#answersPings === 'never') this.#complete(pendingSend);
    else this.#pingOnce();
  }

  acknowledged(payload: Uint8Array): void {
    for (const key of ackKeysOf(payload)) this.#channel.send(encodeAck(key));
  }

  ackReceived(): void {}

  pongReceived(): void {}

  pinged(now: number): void {
    this.#now = now;
    this.#pings.push({ number: this.#number, sentAt: now });
    // Beyond this number pings are not recorded. A later answer then counts for an earlier ping, which confirms less.
    if (this.#pings.length > MAX_PINGS) this.#pings.pop();
  }

  answered(): void {
    const ping = this.#pings.shift();
    if (ping === undefined) return;
    this.#answersPings = 'known';
    for (const [pendingSend, { number }] of this.#pending) {
      if (number > ping.number) break;
      this.#complete(pendingSend);
    }
    this.#pingOnce();
  }

  sweep(now: number, heardAt: number): void {
    this.#now = now;
    const [first] = this.#pings;
    const last = this.#pings.at(-1);
    if (this.#pending.size === 0 || first === undefined || last === undefined) return;
    const isLate = heardAt - first.sentAt >= PONG_TIMEOUT_MS;
    if (isLate && this.#answersPings === 'supposed' && this.#channel.bufferedBytes === 0) {
      this.#expectNoPongs();
    } else if (now - last.sentAt >= PONG_TIMEOUT_MS && this.#pings.length < MAX_PINGS) {
      this.#ping();
    }
  }

  closed(): void {
    for (const pendingSend of this.#pending.keys()) this.#complete(pendingSend);
  }

  fail(error: ProtocolError): void {
    for (const pendingSend of this.#pending.keys()) pendingSend.reject(error);
    this.#pending.clear();
  }

  /** Sends a ping if payloads wait for one and none is pending. */
  #pingOnce(): void {
    if (this.#pings.length === 0 && this.#pending.size > 0) this.#ping();
  }

  #ping(): void {
    this.#channel.send(PING);
    this.pinged(this.#now);
  }

  /** Treats accepted bytes as confirmed from now on, until an answer arrives. */
  #expectNoPongs(): void {
    this.#answersPings = 'never';
    this.#pings = [];
    for (const [pendingSend, { written }] of this.#pending) {
      if (written) this.#complete(pendingSend);
    }
  }

  #complete(pendingSend: PendingSend): void {
    this.#pending.delete(pendingSend);
    pendingSend.resolve();
  }
}
