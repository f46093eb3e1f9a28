import type { Clock, Transceiver } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import type { Acquaintance } from '../directory/acquaintances.ts';
import { type Mail, payloadOf } from '../inbox/mail.ts';
import type { StoreHealth } from '../inbox/store-health.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import { expectedNotice, type Notice } from '../receipts/notice.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { Sink } from '../session/sink.ts';
import type { FanOutEvents } from './fan-out.ts';

/** Options for {@link DeliveryNotices}. */
export interface DeliveryNoticesOptions {
  readonly transceiver: Transceiver;
  readonly receipts: Receipts;
  readonly acquaintances: Acquaintance;
  readonly clock: Clock;
  readonly metrics: StationMetrics;
  readonly storeHealth: StoreHealth;
}

/** Counts what the fan-out has delivered, and sends the receipts for it to senders who may learn of it. */
export class DeliveryNotices implements FanOutEvents {
  readonly #options: DeliveryNoticesOptions;

  constructor(options: DeliveryNoticesOptions) {
    this.#options = options;
  }

  delivered(mail: Mail, sink: Sink): void {
    const { metrics, clock } = this.#options;
    const isDevice = sink.kind === 'device';
    metrics.add(isDevice ? 'messages.delivered' : 'messages.redirected', 1);
    if (isDevice) metrics.observe('delivery.seconds', (clock.now() - mail.arrived) / 1000);
    this.#notify(mail, isDevice ? 'Message delivered.' : 'Message redirected.');
  }

  waiting(mail: Mail): void {
    this.#notify(mail, 'Message cached.');
  }

  failed(error: unknown): void {
    this.#options.storeHealth.report(error);
  }

  #notify(mail: Mail, text: string): void {
    if (mail.notice === 'unread') void this.#notifyIfKnown(mail, text);
    else if (mail.notice !== undefined) this.#options.receipts.notify(mail.notice, text);
  }

  /** For a message stored before the station was started: its notice was not kept, and its sender may be a stranger. */
  async #notifyIfKnown(mail: Mail, text: string): Promise<void> {
    const { receipts, storeHealth, acquaintances } = this.#options;
    const notice = this.#noticeOf(mail);
    if (notice === undefined) return;
    const { sender, receiver } = notice.envelope;
    try {
      if (await acquaintances.knows(receiver, sender)) receipts.notify(notice, text);
    } catch (error) {
      storeHealth.report(error);
    }
  }

  #noticeOf(mail: Mail): Notice | undefined {
    try {
      return expectedNotice(this.#options.transceiver.deserialize(payloadOf(mail)));
    } catch (error) {
      // A damaged record: the receiver refuses it as well.
      if (isProtocolError(error)) return undefined;
      throw error;
    }
  }
}
