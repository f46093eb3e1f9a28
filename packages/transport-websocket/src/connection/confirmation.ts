import type { ProtocolError } from '@dimp/foundation';

/** A payload that the peer has not confirmed. */
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

/** Finds out which payloads the peer has received, and acknowledges received ones. */
export interface Confirmation {
  /** A payload was written. */
  sent(pendingSend: PendingSend, now: number): void;
  /** The network has accepted it. */
  written(pendingSend: PendingSend): void;
  /** The reader has acknowledged a payload. */
  acknowledged(payload: Uint8Array): void;
  /** The peer has sent `ACK:`. */
  ackReceived(payload: Uint8Array): void;
  /** The peer's WebSocket has answered a ping. */
  pongReceived(data: Uint8Array): void;
  /** `PING` was sent. */
  pinged(now: number): void;
  /** The peer has sent `PONG`. */
  answered(): void;
  /** @param heardAt - time of the last bytes from the peer, in milliseconds */
  sweep(now: number, heardAt: number): void;
  /** The peer has answered the close frame, so it has read everything that was sent before. */
  closed(): void;
  /** The connection is over. */
  fail(error: ProtocolError): void;
}
