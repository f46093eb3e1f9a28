import type { ProtocolError } from '@dimp/foundation';

/** A payload on its way to the peer. */
export class PendingSend {
  readonly payload: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: ProtocolError) => void;

  constructor(payload: Uint8Array, resolve: () => void, reject: (error: ProtocolError) => void) {
    this.payload = payload;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** How a side knows that the peer has what it was sent, and tells the peer what it has itself. */
export interface Confirmation {
  /** A payload was handed to the network. */
  sent(pendingSend: PendingSend, now: number): void;
  /** The network has taken it. */
  written(pendingSend: PendingSend): void;
  /** What came of a payload is on disk. */
  acknowledged(payload: Uint8Array): void;
  /** The peer says `ACK:`. */
  ackReceived(payload: Uint8Array): void;
  /** The peer's WebSocket has answered a ping. */
  pongReceived(data: Uint8Array): void;
  /** `PING` was sent. */
  pinged(now: number): void;
  /** The peer says `PONG`. */
  answered(): void;
  /** @param heardAt - milliseconds: when something came from the peer last */
  sweep(now: number, heardAt: number): void;
  /** The peer has answered our goodbye: it has read all that was sent before. */
  closed(): void;
  /** The connection is over. */
  fail(error: ProtocolError): void;
}
