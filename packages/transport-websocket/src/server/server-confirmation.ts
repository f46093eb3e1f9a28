import type { Clock } from '@dimp/core';
import { equalBytes, ProtocolError, utf8Encode } from '@dimp/foundation';
import { ackKeysOf, readAck } from '../connection/acknowledgements.ts';
import type { Channel } from '../connection/channel.ts';
import type { Confirmation, PendingSend } from '../connection/confirmation.ts';

/** State of a payload that the client may not have yet. */
interface Pending {
  readonly pendingSend: PendingSend;
  /** Number of the payload on the connection. */
  readonly number: number;
  /** Milliseconds. */
  readonly sentAt: number;
  written: boolean;
  /** Signatures that are not acknowledged yet; undefined until the client acknowledges for the first time. */
  missing: Set<string> | undefined;
}

/** A ping without an answer. */
interface Ping {
  readonly data: Uint8Array;
  /** Number of the last payload sent before it. */
  readonly number: number;
  readonly sentAt: number;
}

/**
 * The station's side (spec §12.6). From its first `ACK:` on, a client has what it acknowledges. Many clients never
 * acknowledge: they have everything that was sent before an answered ping. If a client does not answer pings either,
 * bytes accepted by the network are treated as received.
 */
export class ServerConfirmation implements Confirmation {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #ackTimeout: number;
  readonly #pongTimeout: number;
  /** All are created when first needed, because most connections of a server are idle. */
  #pending: Map<PendingSend, Pending> | undefined;
  #bySignature: Map<string, Pending[]> | undefined;
  #ping: Ping | undefined;
  /** Number of payloads that wait for a ping instead of acknowledgements. */
  #unmarked = 0;
  #number = 0;
  #acknowledges = false;
  /** Whether the client answers pings; `supposed` until the first answer or timeout. */
  #answersPings: 'supposed' | 'known' | 'never' = 'supposed';

  constructor(
    channel: Channel,
    clock: Clock,
    options: { readonly ackTimeout?: number; readonly pongTimeout?: number },
  ) {
    this.#channel = channel;
    this.#clock = clock;
    this.#ackTimeout = options.ackTimeout ?? 120_000;
    this.#pongTimeout = options.pongTimeout ?? 5000;
  }

  sent(pendingSend: PendingSend, now: number): void {
    this.#number += 1;
    const pending: Pending = {
      pendingSend,
      number: this.#number,
      sentAt: now,
      written: false,
      missing: undefined,
    };
    this.#pending ??= new Map();
    this.#pending.set(pendingSend, pending);
    this.#unmarked += 1;
    if (this.#acknowledges) this.#expectAcks(pending);
  }

  written(pendingSend: PendingSend): void {
    const pending = this.#pending?.get(pendingSend);
    if (pending === undefined) return;
    pending.written = true;
    if (pending.missing !== undefined) return;
    if (this.#answersPings !== 'never') this.#pingOnce();
    else this.#complete(pending);
  }

  acknowledged(): void {}

  pinged(): void {}

  answered(): void {}

  closed(): void {}

  ackReceived(payload: Uint8Array): void {
    const signature = readAck(payload);
    if (signature === undefined) return;
    if (!this.#acknowledges) {
      this.#acknowledges = true;
      for (const pending of this.#pending?.values() ?? []) this.#expectAcks(pending);
    }
    const acknowledged = this.#bySignature?.get(signature);
    if (acknowledged === undefined) return;
    this.#bySignature?.delete(signature);
    for (const pending of acknowledged) {
      pending.missing?.delete(signature);
      if (pending.missing?.size === 0) this.#complete(pending);
    }
  }

  pongReceived(data: Uint8Array): void {
    const ping = this.#ping;
    if (ping === undefined || !equalBytes(ping.data, data)) return;
    this.#ping = undefined;
    this.#answersPings = 'known';
    for (const pending of this.#pending?.values() ?? []) {
      if (pending.number > ping.number) break;
      if (pending.missing === undefined) this.#complete(pending);
    }
    this.#pingOnce();
  }

  sweep(now: number, heardAt: number): void {
    const since = this.#ping?.sentAt;
    const isLate = since !== undefined && heardAt - since >= this.#pongTimeout;
    // A client that has answered before is only slow, and so may be one with bytes still waiting here.
    if (isLate && this.#answersPings === 'supposed' && this.#channel.bufferedBytes === 0) {
      this.#expectNoPongs();
    }
    for (const pending of this.#pending?.values() ?? []) {
      if (now - pending.sentAt < this.#ackTimeout) break;
      this.#remove(pending);
      pending.pendingSend.reject(
        new ProtocolError('transport/timeout', 'the client does not acknowledge'),
      );
    }
  }

  fail(error: ProtocolError): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#bySignature = undefined;
    for (const pendingSend of pending?.keys() ?? []) pendingSend.reject(error);
  }

  #expectAcks(pending: Pending): void {
    // A payload without messages cannot be acknowledged.
    const signatures = ackKeysOf(pending.pendingSend.payload).map(({ signature }) => signature);
    if (signatures.length === 0) return;
    pending.missing = new Set(signatures);
    this.#unmarked -= 1;
    this.#bySignature ??= new Map();
    for (const signature of pending.missing) {
      const others = this.#bySignature.get(signature);
      if (others === undefined) this.#bySignature.set(signature, [pending]);
      else others.push(pending);
    }
  }

  /** Sends a ping if payloads wait for one and none is pending. */
  #pingOnce(): void {
    if (this.#ping !== undefined || this.#unmarked === 0) return;
    const data = utf8Encode(String(this.#number));
    this.#ping = { data, number: this.#number, sentAt: this.#clock.now() };
    this.#channel.ping?.(data);
  }

  /** Treats accepted bytes as received from now on, until an answer arrives. */
  #expectNoPongs(): void {
    this.#answersPings = 'never';
    for (const pending of this.#pending?.values() ?? []) {
      if (pending.written && pending.missing === undefined) this.#complete(pending);
    }
  }

  #complete(pending: Pending): void {
    this.#remove(pending);
    pending.pendingSend.resolve();
  }

  #remove(pending: Pending): void {
    this.#pending?.delete(pending.pendingSend);
    if (pending.missing === undefined) this.#unmarked -= 1;
    if (this.#pending?.size === 0) this.#pending = undefined;
    for (const signature of pending.missing ?? []) {
      const others = this.#bySignature?.get(signature)?.filter((other) => other !== pending);
      if (others === undefined || others.length === 0) this.#bySignature?.delete(signature);
      else this.#bySignature?.set(signature, others);
    }
    if (this.#bySignature?.size === 0) this.#bySignature = undefined;
  }
}
