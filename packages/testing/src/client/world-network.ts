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

/** Name of the node that answers questions about people. */
const DIRECTORY = 'directory';

/** A program's plug in the network of a world. It stays when the program is killed. */
export class WorldLine implements DirectNetwork {
  readonly send: SendPackage;
  readonly #events = new Events<{ changed: Record<never, never> }>({ changed: true });
  readonly #node: SimulatedNode;
  #receive: Parameters<DirectNetwork['join']>[0] | undefined;
  #online = true;

  /** @param nodeOf - the node that has an entity's program */
  constructor(
    network: SimulatedNetwork,
    name: string,
    protocol: Protocol,
    nodeOf: (receiver: ID) => string | undefined,
  ) {
    const send = (bytes: Uint8Array, receiver: ID): void => {
      if (!this.online) throw new ProtocolError('transport/closed', 'the person is offline');
      const to = nodeOf(receiver);
      if (to !== undefined) this.#node.send(to, bytes);
    };
    this.send = async (bytes, receiver) => send(bytes, receiver);
    this.#node = network.join(name, {
      receive: async (bytes) => {
        for (const answer of await this.#take(bytes)) {
          if (this.online) send(answer, protocol.parseMessage(answer).envelope.receiver);
        }
      },
      connected: () => this.#events.emit('changed', {}),
    });
  }

  get online(): boolean {
    return this.#online && this.#node.isConnected;
  }

  /** Plugs the program in or out. */
  set online(online: boolean) {
    this.#online = online;
    this.#events.emit('changed', {});
  }

  /** A program that is killed meanwhile has not taken it in: its peer sends it again. */
  async #take(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    if (!this.online || this.#receive === undefined) return [];
    try {
      return await this.#receive(bytes);
    } catch (error) {
      if (isStoreError(error) || isProtocolError(error, 'state/stopped')) return [];
      throw error;
    }
  }

  onChange(listener: () => void): Handle {
    return this.#events.on('changed', listener);
  }

  join(receive: Parameters<DirectNetwork['join']>[0]): Handle {
    this.#receive = receive;
    return makeHandle(() => {
      if (this.#receive === receive) this.#receive = undefined;
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
