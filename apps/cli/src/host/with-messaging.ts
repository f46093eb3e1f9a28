import type { Context } from '../terminal/context.ts';
import type { Host, Messaging } from './host.ts';
import type { HostEvent } from './messaging-calls.ts';
import { openHost } from './open-host.ts';

/** A profile and its messenger, while one process has it open. */
export interface Session extends Messaging {
  readonly host: Host;
}

/** Options for {@link withMessaging}. */
export interface WithMessagingOptions {
  /** Called with everything that happens. */
  readonly onEvent: (event: HostEvent) => void;
  /** Called when the host is known, before the messenger is started. */
  readonly onHost?: (host: Host) => void;
  /** Opens the profile; {@link openHost} by default. */
  readonly open?: () => Promise<Host>;
}

/** How often one process may be lost soon after it was found: then it is there, and closes the connection each time. */
const MAX_LOSSES = 5;
const SOON_MS = 5000;

/**
 * Runs a task with the messenger of the profile. If another process has the profile open and ends meanwhile, the task runs again
 * with a process that has it open then, which may be this one. So a task must be able to go on where it was.
 */
export async function withMessaging<T>(
  context: Context,
  { onEvent, onHost, open = () => openHost(context) }: WithMessagingOptions,
  task: (session: Session) => Promise<T>,
): Promise<T> {
  const losses = new Map<number | undefined, number>();
  for (;;) {
    await using host = await open();
    const began = Date.now();
    try {
      onHost?.(host);
      const { client, calls } = await host.messaging({ online: true, onEvent });
      return await task({ host, client, calls });
    } catch (error) {
      context.signal.throwIfAborted();
      if (!host.lost.aborted) throw error;
      const count = Date.now() - began < SOON_MS ? (losses.get(host.pid) ?? 0) + 1 : 0;
      if (count >= MAX_LOSSES) throw error;
      losses.set(host.pid, count);
      context.output.event(
        'host-ended',
        { pid: host.pid },
        `the dim that had the profile open (process ${host.pid}) has ended; this one goes on`,
      );
    }
  }
}

/** Runs a task with what is on this machine, without a connection: conversations, the outbox. */
export async function withHistory<T>(
  context: Context,
  task: (session: Session) => Promise<T>,
): Promise<T> {
  await using host = await openHost(context);
  const { client, calls } = await host.messaging({ online: false, onEvent: () => {} });
  return await task({ host, client, calls });
}
