import type { Clock } from '@dimp/core';
import { equalBytes, ProtocolError, utf8Encode } from '@dimp/foundation';
import { ackKeysOf, readAck } from '../connection/acknowledgements.ts';
import type { Channel } from '../connection/channel.ts';
import type { Confirmation, PendingSend } from '../connection/confirmation.ts';

/** What is to be known of a payload that the client may not have yet. */
interface Pending {
  readonly pendingSend: PendingSend;
  /** Counts the payloads of the connection. */
  readonly number: number;
  /** Milliseconds. */
  readonly sentAt: number;
  written: boolean;
  /** Signatures that are not acknowledged yet; undefined as long as the client does not acknowledge any. */
  missing: Set<string> | undefined;
}

/** A ping that the client has not answered. */
interface Ping {
  readonly data: Uint8Array;
  /** The payloads up to this one were sent before it. */
  readonly number: number;
  readonly sentAt: number;
}

/**
 * The station's side (spec §12.6). From the first `ACK:` on, a client has what it acknowledges. Before, it has what stands
 * in front of a ping that its WebSocket answers: many clients never acknowledge. Where not even pings are answered, what the
 * network has taken has to do.
 */
export class ServerConfirmation implements Confirmation {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #ackTimeout: number;
  readonly #pongTimeout: number;
  /** All made when first needed: a server holds many connections on which nothing happens. */
  #pending: Map<PendingSend, Pending> | undefined;
  #bySignature: Map<string, Pending[]> | undefined;
  #ping: Ping | undefined;
  /** How many payloads wait for a ping, and not for acknowledgements. */
  #unmarked = 0;
  #number = 0;
  #acknowledges = false;
  /** Whether it does is known of the client once it has, and supposed at first. */
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
    // One that has answered before merely does not read at the moment; so it may be while bytes wait here.
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
    // What is no message cannot be acknowledged.
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

  /** One ping at a time, behind whatever was sent until now, while anything waits for it. */
  #pingOnce(): void {
    if (this.#ping !== undefined || this.#unmarked === 0) return;
    const data = utf8Encode(String(this.#number));
    this.#ping = { data, number: this.#number, sentAt: this.#clock.now() };
    this.#channel.ping?.(data);
  }

  /** An answer that comes all the same is believed. */
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
