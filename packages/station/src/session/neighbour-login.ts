import {
  type Arrival,
  type Clock,
  isWaiting,
  readPayload,
  type Timers,
  type Transceiver,
  type Transport,
} from '@dimp/core';
import type { Draft, InstantMessage } from '@dimp/dkd';
import { type DirectCommand, type HandshakeBody, StationHandshake } from '@dimp/endpoint';
import { handshakeStart } from '@dimp/extensions/commands';
import {
  asyncDisposeSymbol,
  disposeSymbol,
  ProtocolError,
  rethrowOurFault,
} from '@dimp/foundation';
import { ANY_STATION, type ID } from '@dimp/mkm';
import type { StationSigner } from './station-signer.ts';

/** Options for {@link logInAt}. */
export interface NeighbourLoginOptions {
  readonly signer: StationSigner;
  readonly transceiver: Transceiver;
  readonly clock: Clock;
  readonly timers: Timers;
}

type Step = ReturnType<StationHandshake['take']>;

/** Timeout for a login (spec §11.6). */
const LOGIN_TIMEOUT_MS = 30_000;

/**
 * Logs this station in at a neighbour, as a client does (spec §11.6).
 *
 * @param neighbour - the station that must answer
 * @returns the connection after the login; its first arrival is the last message of the login
 * @throws `policy/unauthorized` if another station answers; `transport/` codes; the transport is closed then
 */
export async function logInAt(
  transport: Transport,
  neighbour: ID,
  options: NeighbourLoginOptions,
): Promise<Transport> {
  const { signer, clock, timers } = options;
  const steps = new StationHandshake(signer.id, neighbour, clock);
  const arrivals = transport.incoming[Symbol.asyncIterator]();
  const close = (): void => void transport.close().catch(() => undefined);
  const timer = timers.after(LOGIN_TIMEOUT_MS, close);
  try {
    tell(transport, await packed(signer, handshakeStart(), ANY_STATION));
    for (;;) {
      const { done, value: arrival } = await arrivals.next();
      if (done)
        throw new ProtocolError(
          'transport/closed',
          'the neighbour has closed the connection during the login',
        );
      const step = await stepOf(arrival, steps, options);
      if (step?.kind === 'accepted' && steps.isLast(step)) {
        return continued(transport, arrivals, arrival);
      }
      if (step === undefined) continue;
      arrival.acknowledge();
      if (step.kind === 'accepted') continue;
      tell(transport, await packed(signer, handshakeStart(step.session), neighbour));
    }
  } catch (error) {
    close();
    throw error;
  } finally {
    timer[disposeSymbol]();
  }
}

function isHandshake(command: InstantMessage): command is DirectCommand<HandshakeBody> {
  return command.content.kind === 'handshake';
}

/** Returns the last login step in a payload; undefined if there is none. */
async function stepOf(
  { payload }: Arrival,
  steps: StationHandshake,
  { transceiver }: NeighbourLoginOptions,
): Promise<Step> {
  let step: Step;
  const read = readPayload(payload);
  for (const text of read.kind === 'messages' ? read.messages : []) {
    const command = await opened(text, transceiver);
    if (command !== undefined && isHandshake(command)) step = steps.take(command) ?? step;
  }
  return step;
}

/** Decrypts a message; undefined if that fails, because an unauthenticated peer may send anything. */
async function opened(text: string, transceiver: Transceiver) {
  try {
    const verified = await transceiver.verify(transceiver.deserialize(text));
    return isWaiting(verified) ? undefined : await transceiver.decrypt(verified);
  } catch (error) {
    rethrowOurFault(error);
    return undefined;
  }
}

async function packed(signer: StationSigner, draft: Draft, to: ID): Promise<Uint8Array> {
  const bytes = await signer.pack(signer.stamp(draft), to, { introduce: true });
  if (!isWaiting(bytes)) return bytes;
  throw new ProtocolError(
    'identity/not-found',
    'the neighbour has not sent the key that messages to it are encrypted with',
    {
      details: { id: to.text },
    },
  );
}

/** Sends without waiting: the neighbour may acknowledge it only after it has got our acknowledgement. */
function tell(transport: Transport, bytes: Uint8Array): void {
  transport.send(bytes).catch(() => transport.close().catch(() => undefined));
}

/** Returns a transport that begins with an arrival that was already read. */
function continued(
  transport: Transport,
  arrivals: AsyncIterator<Arrival>,
  first: Arrival,
): Transport {
  return {
    incoming: {
      async *[Symbol.asyncIterator]() {
        yield first;
        for (;;) {
          const { done, value } = await arrivals.next();
          if (done) return;
          yield value;
        }
      },
    },
    send: (payload) => transport.send(payload),
    close: () => transport.close(),
    [asyncDisposeSymbol]: () => transport.close(),
  };
}
