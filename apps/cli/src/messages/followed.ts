import type { FileReport } from '../files/file-sender.ts';
import type { DeliveryFacts, HostEvent } from '../host/messaging-calls.ts';

/** Limit for the messages and files whose last report is remembered. */
const MAX_REMEMBERED = 4096;

/** Remembers the last report about each message and file, and lets a command wait for the next one. */
export class Followed {
  readonly #deliveries = new Map<string, DeliveryFacts>();
  readonly #files = new Map<string, FileReport>();
  #listeners = new Set<() => void>();

  /** Takes an event of the messenger. */
  take(event: HostEvent): void {
    if (event.type === 'delivery') remember(this.#deliveries, event.delivery.ref, event.delivery);
    else if (event.type === 'file') remember(this.#files, event.report.id, event.report);
    else return;
    for (const listener of this.#listeners) listener();
  }

  delivery(ref: string): DeliveryFacts | undefined {
    return this.#deliveries.get(ref);
  }

  file(id: string): FileReport | undefined {
    return this.#files.get(id);
  }

  /** Resolves after the next report, or when the signal is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        this.#listeners.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#listeners.add(end);
      signal.addEventListener('abort', end);
    });
  }
}

function remember<T>(reports: Map<string, T>, name: string, report: T): void {
  reports.delete(name);
  reports.set(name, report);
  const [oldest] = reports.keys();
  if (reports.size > MAX_REMEMBERED && oldest !== undefined) reports.delete(oldest);
}
