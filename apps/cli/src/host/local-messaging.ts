import type { IncomingChatMessage } from '@dimp/chat';
import type { ClientParts } from '@dimp/chat/client';
import type { DeferredMessage, Delivery, DeliveryEvent } from '@dimp/client';
import type { FileLocation } from '@dimp/client/files';
import type { SessionReport } from '@dimp/client/session';
import { refOf } from '@dimp/extensions/chat';
import { definedOnly, isProtocolError, ProtocolError } from '@dimp/foundation';
import { protocol } from '../account/protocol.ts';
import type { StationPlace } from '../account/stations.ts';
import { contentText } from '../files/content-text.ts';
import type { Downloads } from '../files/downloads.ts';
import type { FileSender } from '../files/file-sender.ts';
import { downloadServer } from '../files/servers.ts';
import type { WaitingFile, WaitingFiles } from '../files/waiting-files.ts';
import { deadline } from '../terminal/deadline.ts';
import type { CallOptions } from './calls.ts';
import type { IncomingHub } from './incoming-hub.ts';
import type {
  ConnectionReport,
  DeferredFacts,
  DeliveryFacts,
  FileRequest,
  HostEvent,
  MessagingCalls,
  OutboxEntry,
  SaveRequest,
  TransferProgress,
} from './messaging-calls.ts';
import { receiverVisas } from './receiver-visas.ts';

/** What a {@link LocalMessaging} works with. */
export interface MessagingParts {
  readonly messenger: ClientParts['messenger'];
  /** Absent in a command that is not online. */
  readonly session: ClientParts['session'];
  readonly stations: readonly StationPlace[];
  readonly files: FileSender;
  readonly waiting: WaitingFiles;
  readonly downloads: Downloads;
  readonly incoming: IncomingHub;
  /** The content of a message as it was sent, with the key of its file. */
  readonly contentOf: (conversation: string, ref: string) => Promise<FileLocation | undefined>;
}

/** The messenger of a profile that this process has open. */
export class LocalMessaging implements MessagingCalls {
  readonly #parts: MessagingParts;

  constructor(parts: MessagingParts) {
    this.#parts = parts;
  }

  /** Calls a listener with everything that happens from now on. */
  report(listener: (event: HostEvent) => void): void {
    const { messenger, session } = this.#parts;
    session?.on('state', (report) => {
      listener({ type: 'connection', report: connectionReport(report) });
    });
    messenger.on('failed', ({ error }) => {
      const code = isProtocolError(error) ? error.code : 'internal';
      listener({ type: 'problem', code });
    });
    messenger.on('deferred', (message) => {
      listener({ type: 'deferred', message: deferredFacts(message) });
    });
    messenger.on('delivery', (delivery) => {
      listener({ type: 'delivery', delivery: deliveryFacts(delivery) });
    });
  }

  async connection(): Promise<ConnectionReport> {
    return connectionReport(this.#parts.session?.report ?? { state: 'offline' });
  }

  async stationsInUse(): Promise<readonly string[]> {
    return this.#parts.stations.map(({ url }) => url);
  }

  async online(seconds: number, { signal }: CallOptions = {}): Promise<void> {
    const session = this.#session();
    const timeout = deadline(seconds);
    const signals = signal === undefined ? [timeout] : [timeout, signal];
    try {
      await session.online(AbortSignal.any(signals));
    } catch (error) {
      signal?.throwIfAborted();
      if (!timeout.aborted) throw error;
      throw (
        session.report.error ??
        new ProtocolError('transport/timeout', 'the station does not answer')
      );
    }
  }

  async resolve(name: string, { signal }: CallOptions = {}): Promise<string | undefined> {
    try {
      return (await this.#session().resolve(name, signal))?.text;
    } catch (error) {
      // Not a short name: the station is not asked.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  visas(id: string, seconds: number, { signal }: CallOptions = {}): Promise<boolean> {
    return receiverVisas(protocol.parseID(id), this.#parts.messenger, seconds, signal);
  }

  async deferred(): Promise<readonly DeferredFacts[]> {
    return (await this.#parts.messenger.deferred()).map(deferredFacts);
  }

  async join(): Promise<number> {
    return this.#parts.incoming.join();
  }

  next(reader: number, { signal }: CallOptions = {}): Promise<IncomingChatMessage> {
    return this.#parts.incoming.next(reader, signal);
  }

  leave(reader: number, hasFinished: boolean): Promise<void> {
    return this.#parts.incoming.leave(reader, hasFinished);
  }

  async delivery(ref: string): Promise<DeliveryFacts | undefined> {
    const facts = (await this.#parts.messenger.deliveries()).map(deliveryFacts);
    return facts.find((each) => each.ref === ref);
  }

  async outbox(): Promise<readonly OutboxEntry[]> {
    const { messenger, waiting, files } = this.#parts;
    const deliveries = (await messenger.deliveries()).map(deliveryEntry);
    const waits = (await waiting.all()).map((file) => fileEntry(file, files.isUploading(file.id)));
    return [...deliveries, ...waits].sort((a, b) => a.created - b.created);
  }

  async retry(id: string): Promise<void> {
    if (isFile(id)) await this.#parts.files.retry(id);
    else await (await this.#delivery(id)).retry();
  }

  async cancel(id: string): Promise<boolean> {
    if (!isFile(id)) return (await this.#delivery(id)).cancel();
    await this.#parts.files.discard(id);
    return true;
  }

  async discard(id: string): Promise<void> {
    if (isFile(id)) await this.#parts.files.discard(id);
    else await (await this.#delivery(id)).discard();
  }

  async addFile(request: FileRequest, { signal }: CallOptions = {}): Promise<string> {
    const { receiver, ...file } = request;
    const record = await this.#parts.files.add(
      { ...file, receiver: protocol.parseID(receiver) },
      signal,
    );
    return record.id;
  }

  async saveFile(
    { conversation, ref, folder, hosts }: SaveRequest,
    { signal, onProgress }: CallOptions<TransferProgress> = {},
  ): Promise<string> {
    const { downloads, stations, contentOf } = this.#parts;
    const location = await contentOf(conversation, ref);
    if (location === undefined) {
      throw new ProtocolError('identity/not-found', 'the message is not here, or has no file');
    }
    return downloads.save(location, {
      folder,
      blobs: downloadServer(stations, hosts),
      onProgress: (done, total) => onProgress?.({ done, ...definedOnly({ total }) }),
      ...definedOnly({ signal }),
    });
  }

  /** @throws `state/not-ready` in a command that is not online */
  #session(): NonNullable<ClientParts['session']> {
    const { session } = this.#parts;
    if (session !== undefined) return session;
    throw new ProtocolError('state/not-ready', 'this command is not online');
  }

  async #delivery(id: string): Promise<Delivery> {
    const found = (await this.#parts.messenger.deliveries()).find((each) => each.id === id);
    if (found !== undefined) return found;
    throw new ProtocolError('identity/not-found', 'nothing in the outbox has this name');
  }
}

function isFile(id: string): boolean {
  return id.startsWith('file-');
}

function connectionReport({ state, station, error, until }: SessionReport): ConnectionReport {
  const where =
    station === undefined
      ? undefined
      : { host: station.host, port: station.port, ...definedOnly({ id: station.id?.text }) };
  const why = error === undefined ? undefined : { code: error.code, message: error.message };
  return { state, ...definedOnly({ station: where, error: why, until }) };
}

function deferredFacts({ id, sender, reason, since, until }: DeferredMessage): DeferredFacts {
  return { id, reason, since, ...definedOnly({ sender: sender?.text, until }) };
}

function deliveryFacts({ id, sender, receiver, content, report }: DeliveryEvent): DeliveryFacts {
  const { state, settled, receipt, error, waitingFor } = report;
  const { kind, sn, time = 0 } = content;
  const why = error === undefined ? undefined : { code: error.code, message: error.message };
  const waits =
    waitingFor === undefined ? undefined : { what: waitingFor.for, id: waitingFor.id.text };
  return {
    id,
    ref: refOf({ sender, sn, time }),
    receiver: receiver.text,
    kind,
    sn,
    state,
    settled,
    ...definedOnly({ receipt, error: why, waitingFor: waits }),
  };
}

function deliveryEntry(delivery: Delivery): OutboxEntry {
  const { id, ref, receiver, kind, state, error, waitingFor } = deliveryFacts(delivery);
  const text = contentText(delivery.content);
  const { created } = delivery;
  return { id, ref, receiver, kind, text, created, state, ...definedOnly({ error, waitingFor }) };
}

function fileEntry(file: WaitingFile, isUploading: boolean): OutboxEntry {
  const { id, receiver, kind, filename, created, size, error } = file;
  const why =
    error === undefined ? undefined : { code: error, message: 'the file was not uploaded' };
  const state = why !== undefined ? 'failed' : isUploading ? 'uploading' : 'queued';
  return {
    id,
    receiver,
    kind,
    text: `[${kind}: ${filename}]`,
    created,
    state,
    size,
    ...definedOnly({ error: why }),
  };
}
