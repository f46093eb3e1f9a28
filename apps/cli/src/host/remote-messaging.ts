import type { IncomingChatMessage } from '@dimp/chat';
import type { Caller, CallOptions } from './calls.ts';
import type {
  ConnectionReport,
  DeferredFacts,
  DeliveryFacts,
  FileRequest,
  MessagingCalls,
  OutboxEntry,
  SaveRequest,
  TransferProgress,
} from './messaging-calls.ts';

/** The messenger of a profile that another process has open. */
export class RemoteMessaging implements MessagingCalls {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  connection(): Promise<ConnectionReport> {
    return this.#caller.call('connection', []);
  }

  stationsInUse(): Promise<readonly string[]> {
    return this.#caller.call('stationsInUse', []);
  }

  online(seconds: number, options?: CallOptions): Promise<void> {
    return this.#caller.call('online', [seconds], options);
  }

  resolve(name: string, options?: CallOptions): Promise<string | undefined> {
    return this.#caller.call('resolve', [name], options);
  }

  visas(id: string, seconds: number, options?: CallOptions): Promise<boolean> {
    return this.#caller.call('visas', [id, seconds], options);
  }

  deferred(): Promise<readonly DeferredFacts[]> {
    return this.#caller.call('deferred', []);
  }

  join(): Promise<number> {
    return this.#caller.call('join', []);
  }

  next(reader: number, options?: CallOptions): Promise<IncomingChatMessage> {
    return this.#caller.call('next', [reader], options);
  }

  leave(reader: number, hasFinished: boolean): Promise<void> {
    return this.#caller.call('leave', [reader, hasFinished]);
  }

  delivery(ref: string): Promise<DeliveryFacts | undefined> {
    return this.#caller.call('delivery', [ref]);
  }

  outbox(): Promise<readonly OutboxEntry[]> {
    return this.#caller.call('outbox', []);
  }

  retry(id: string): Promise<void> {
    return this.#caller.call('retry', [id]);
  }

  cancel(id: string): Promise<boolean> {
    return this.#caller.call('cancel', [id]);
  }

  discard(id: string): Promise<void> {
    return this.#caller.call('discard', [id]);
  }

  addFile(file: FileRequest, options?: CallOptions): Promise<string> {
    return this.#caller.call('addFile', [file], options);
  }

  saveFile(file: SaveRequest, options?: CallOptions<TransferProgress>): Promise<string> {
    const { signal, onProgress } = options ?? {};
    return this.#caller.call('saveFile', [file], {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined
        ? {}
        : { onProgress: (progress) => onProgress(progress as TransferProgress) }),
    });
  }
}
