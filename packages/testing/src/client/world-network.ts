import type { DirectNetwork } from '@dimp/chat/client';
import type { SendPackage } from '@dimp/client';
import type { Protocol } from '@dimp/core';
import {
  Events,
  type Handle,
  isProtocolError,
  isStoreError,
  makeHandle,
  ProtocolError,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { SimulatedNetwork, SimulatedNode } from '../network/simulated-network.ts';
import type { VirtualTime } from '../network/virtual-time.ts';

/** Name of the node that answers questions about people. */
const DIRECTORY = 'directory';

/** What a {@link WorldLine} is made with. */
export interface LineOptions {
  readonly network: SimulatedNetwork;
  readonly time: VirtualTime;
  readonly protocol: Protocol;
  /** Name of its node. */
  readonly name: string;
  /** The node that has an entity's program. */
  readonly nodeOf: (receiver: ID) => string | undefined;
}

/** Most packages that wait for a program that is not there. */
const MAX_HELD = 10_000;

/**
 * A program's plug in the network of a world. It stays when the program is killed. What arrives meanwhile waits, as at a station.
 */
export class WorldLine implements DirectNetwork {
  readonly send: SendPackage;
  readonly #events = new Events<{ changed: Record<never, never> }>({ changed: true });
  readonly #options: LineOptions;
  readonly #node: SimulatedNode;
  readonly #held: Uint8Array[] = [];
  #receive: Parameters<DirectNetwork['join']>[0] | undefined;
  #online = true;

  constructor(options: LineOptions) {
    this.#options = options;
    this.send = async (bytes, receiver) => this.#send(bytes, receiver);
    this.#node = options.network.join(options.name, {
      receive: (bytes) => this.#arrived(bytes),
      connected: () => this.#changed(),
    });
  }

  get online(): boolean {
    return this.#online && this.#node.isConnected;
  }

  /** Plugs the program in or out. */
  set online(online: boolean) {
    this.#online = online;
    this.#changed();
  }

  onChange(listener: () => void): Handle {
    return this.#events.on('changed', listener);
  }

  join(receive: Parameters<DirectNetwork['join']>[0]): Handle {
    this.#receive = receive;
    this.#changed();
    return makeHandle(() => {
      if (this.#receive === receive) this.#receive = undefined;
    });
  }

  #send(bytes: Uint8Array, receiver: ID): void {
    if (!this.online) throw new ProtocolError('transport/closed', 'the person is offline');
    const to = this.#options.nodeOf(receiver);
    if (to !== undefined) this.#node.send(to, bytes);
  }

  async #arrived(bytes: Uint8Array): Promise<void> {
    if (!this.online || this.#receive === undefined) {
      if (this.#held.length < MAX_HELD) this.#held.push(bytes);
      return;
    }
    try {
      for (const answer of await this.#receive(bytes)) {
        const { receiver } = this.#options.protocol.parseMessage(answer).envelope;
        if (this.online) this.#send(answer, receiver);
      }
    } catch (error) {
      // A program that is killed meanwhile has not acknowledged it.
      if (!isStoreError(error) && !isProtocolError(error, 'state/stopped')) throw error;
      this.#held.push(bytes);
    }
  }

  #changed(): void {
    this.#events.emit('changed', {});
    if (!this.online || this.#receive === undefined || this.#held.length === 0) return;
    this.#options.time.after(0, async () => {
      for (const bytes of this.#held.splice(0)) await this.#arrived(bytes);
    });
  }
}

/** Knows which node has whose program. What is for everybody goes to the directory. */
export class WorldRoutes {
  readonly #nodes = new Map<EntityKey, string>();

  add(id: ID, node: string): void {
    this.#nodes.set(id.entity, node);
  }

  nodeOf(receiver: ID): string | undefined {
    return receiver.isBroadcast ? DIRECTORY : this.#nodes.get(receiver.entity);
  }

  /** Name of the node of the directory. */
  get directory(): string {
    return DIRECTORY;
  }
}
