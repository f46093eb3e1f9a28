import { type ClientScene, checkClient, simulatedWorld } from '@dimp/testing/client';
import { describe, test } from 'vitest';
import type { DimClient } from '../../src/client.ts';
import {
  channelPair,
  connectClient,
  type MessagePortLike,
  portChannel,
  serveClient,
} from '../../src/port.ts';

/** How the client of a scene is reached. */
type Way = (client: DimClient) => { readonly client: DimClient; close(): Promise<void> };

async function sceneOver(way: Way): Promise<ClientScene> {
  const world = await simulatedWorld({ people: ['ana', 'bo'] });
  const { client, close } = way(world.ana.client);
  return {
    client,
    peer: world.bo.id,
    hear: async (text) => void (await world.bo.say('ana', text)),
    settle: async () => {
      await world.settle();
      // At most one frame behind, and a turn for each side.
      await new Promise((resolve) => setTimeout(resolve, 40));
    },
    close: async () => {
      await close();
      await world.close();
    },
  };
}

const ways: readonly (readonly [string, Way])[] = [
  ['in this thread', (client) => ({ client, close: async () => undefined })],
  [
    'through a pair of channels',
    (client) => {
      const [ours, theirs] = channelPair();
      serveClient(client, theirs);
      const connected = connectClient(ours);
      return { client: connected, close: () => connected.close() };
    },
  ],
  [
    'through message ports that clone',
    (client) => {
      const { port1, port2 } = new MessageChannel();
      serveClient(client, portChannel(port1 as MessagePortLike));
      const connected = connectClient(portChannel(port2 as MessagePortLike));
      return { client: connected, close: () => connected.close() };
    },
  ],
];

describe.each(ways)('a client %s', (_, way) => {
  checkClient(test, () => sceneOver(way));
});
