import type { Cast } from '../people/cast.ts';
import { webSocketWire } from '../wires/websocket.ts';
import type { Connection, PayloadListener } from '../wires/wire.ts';
import { NodeServer } from './child.ts';
import type { Place, Role, Target } from './target.ts';

/** The bare `ws` relay, without store or verification. */
export async function relayTarget(cast: Cast, place: Place): Promise<Target> {
  const { server, ready } = await NodeServer.start<{ port: number }>('relay', [], place);
  const wire = webSocketWire(false);
  const nameOf = (receiver: number) => cast.receivers[receiver]?.id ?? '';
  return {
    name: 'bare ws relay',
    wire,
    pid: server.pid,
    unique: false,
    keeps: false,
    forgetsAfter: 0,
    nameOf,
    settle: () => server.settle(),
    async login({ kind, number }: Role, listen: PayloadListener): Promise<Connection> {
      const connection = await wire.connect(ready.port);
      const login = kind === 'receiver' ? nameOf(number) : `${kind} ${number}`;
      await new Promise<void>((resolve, reject) => {
        connection.onPayload = () => resolve();
        connection.onLost = () => reject(new Error('the relay closed the connection'));
        connection.write(wire.frame(Buffer.from(JSON.stringify({ login })), ''));
      });
      connection.onPayload = listen;
      return connection;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
