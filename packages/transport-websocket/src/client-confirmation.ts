import type { ProtocolError } from '@dimp/foundation';
import type { Channel } from './channel.ts';
import type { Confirmation, Departure } from './confirmation.ts';
import { encodeAck, marksOf } from './message-marks.ts';

/**
 * The client's side (spec §12.6): servers acknowledge nothing, so what the network has taken counts as sent. It
 * acknowledges each message itself.
 */
export class ClientConfirmation implements Confirmation {
  readonly #channel: Channel;
  readonly #sent = new Set<Departure>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  sent(departure: Departure): void {
    this.#sent.add(departure);
  }

  written(departure: Departure): void {
    if (this.#sent.delete(departure)) departure.resolve();
  }

  acknowledged(payload: Uint8Array): void {
    for (const mark of marksOf(payload)) this.#channel.send(encodeAck(mark));
  }

  ackReceived(): void {}

  pongReceived(): void {}

  sweep(): void {}

  fail(error: ProtocolError): void {
    for (const departure of this.#sent) departure.reject(error);
    this.#sent.clear();
  }
}
