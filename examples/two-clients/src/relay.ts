import type { Protocol, Transport } from '@dimp/core';
import { memoryTransportPair } from '@dimp/core/memory';
import type { ID } from '@dimp/mkm';

/**
 * A relay in this process. It reads the receiver in the envelope and nothing else, stores messages for offline users, and
 * delivers every message twice to show that duplicates do no harm.
 */
export class Relay {
  readonly #protocol: Protocol;
  readonly #lines = new Map<string, Transport>();
  readonly #kept = new Map<string, Uint8Array[]>();

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** Connects a user. @returns their end of the connection */
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
    // Broadcasts are questions to a station, and this is not one.
    if (receiver.isBroadcast) return;
    try {
      const line = this.#lines.get(receiver.entity);
      if (line === undefined) throw new Error('offline');
      await line.send(bytes);
      await line.send(bytes);
    } catch {
      this.#kept.set(receiver.entity, [...(this.#kept.get(receiver.entity) ?? []), bytes]);
    }
  }
}
