import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Transport } from '@dimp/core';
import { systemClock } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { utf8Decode } from '@dimp/foundation';
import { onTestFinished } from 'vitest';
import { type Limits, limitsOf } from '../../src/limits/limits.ts';
import { RateLimiter } from '../../src/limits/rate-limiter.ts';
import type { StationMetrics } from '../../src/metrics/metrics.ts';
import { httpHandler } from '../../src/node/http/http-handler.ts';
import { type Listener, type ListenerOptions, listen } from '../../src/node/listener/listener.ts';

/** A listener on loopback in front of an echo service. */
export interface ListenerService {
  readonly listener: Listener;
  readonly keeper: RateLimiter;
  /** Connections that were handed over. */
  readonly accepted: { readonly transport: Transport; readonly remote: RemoteAddress }[];
  /** Payloads that came in, as text. */
  readonly received: string[];
  /** Why connections were lost. */
  readonly lost: unknown[];
}

/** Opens a listener; it is closed when the test is over. */
export async function listenerService(
  options: Partial<ListenerOptions> & {
    readonly limits?: Partial<Limits>;
    readonly metrics?: StationMetrics;
  } = {},
): Promise<ListenerService> {
  const { limits, metrics, ...rest } = options;
  const keeper = new RateLimiter({
    limits: limitsOf(limits),
    clock: systemClock,
    ...(metrics === undefined ? {} : { metrics }),
  });
  const accepted: ListenerService['accepted'] = [];
  const received: string[] = [];
  const lost: unknown[] = [];
  const station = {
    async accept(transport: Transport, remote: RemoteAddress): Promise<void> {
      accepted.push({ transport, remote });
      try {
        for await (const arrival of transport.incoming) {
          received.push(utf8Decode(arrival.payload));
          arrival.acknowledge();
          void transport.send(arrival.payload).catch(() => undefined);
        }
      } catch (error) {
        lost.push(error);
      }
    },
  };
  const listener = await listen({
    port: 0,
    host: '127.0.0.1',
    station,
    keeper,
    http: httpHandler({ health: () => ({ ok: true }) }),
    ...rest,
  });
  onTestFinished(async () => {
    await Promise.all(accepted.map(({ transport }) => transport.close()));
    await listener.close({ patience: 0 });
  });
  return { listener, keeper, accepted, received, lost };
}

/** A raw connection, with what it has received so far. */
export class Wire {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Writes bytes one by one, each in a segment of its own. */
  async trickle(text: string): Promise<void> {
    for (const byte of Buffer.from(text, 'latin1')) {
      await new Promise<void>((resolve) => this.socket.write(Buffer.of(byte), () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** Connects, plainly or with TLS. */
export async function wire(port: number, ca?: string): Promise<Wire> {
  const where = { port, host: '127.0.0.1', noDelay: true };
  const socket = ca === undefined ? connectPlain(where) : connectTls({ ...where, ca });
  onTestFinished(() => void socket.destroy());
  const connected = new Wire(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once(ca === undefined ? 'connect' : 'secureConnect', () => resolve());
    socket.once('error', reject);
  });
  return connected;
}
