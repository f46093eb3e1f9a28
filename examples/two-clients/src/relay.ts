import type { Protocol, Transport } from '@dimp/core';
import { memoryTransportPair } from '@dimp/core/memory';
import type { ID } from '@dimp/mkm';

/**
 * A post office in this process. It reads the receiver on the envelope and nothing else, keeps messages for whoever is
 * away, and is not a good one: it delivers everything twice.
 */
export class Relay {
  readonly #protocol: Protocol;
  readonly #lines = new Map<string, Transport>();
  readonly #kept = new Map<string, Uint8Array[]>();

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** Connects a user. @returns his end of the line */
  connect({ entity }: ID): Transport {
    const [theirs, ours] = memoryTransportPair();
    this.#lines.set(entity, ours);
    void this.#serve(entity, ours);
    return theirs;
  }

  async #serve(entity: string, line: Transport): Promise<void> {
    const waiting = this.#kept.get(entity) ?? [];
    this.#kept.delete(entity);
    for (const bytes of waiting) await this.#deliver(bytes);
    for await (const arrival of line.incoming) {
      await this.#deliver(arrival.payload);
      arrival.acknowledge();
    }
    if (this.#lines.get(entity) === line) this.#lines.delete(entity);
  }

  async #deliver(bytes: Uint8Array): Promise<void> {
    const { receiver } = this.#protocol.parseMessage(bytes).envelope;
    // Questions to whichever station there is: here is none.
    if (receiver.isBroadcast) return;
    try {
      const line = this.#lines.get(receiver.entity);
      if (line === undefined) throw new Error('away');
      await line.send(bytes);
      await line.send(bytes);
    } catch {
      this.#kept.set(receiver.entity, [...(this.#kept.get(receiver.entity) ?? []), bytes]);
    }
  }
}
