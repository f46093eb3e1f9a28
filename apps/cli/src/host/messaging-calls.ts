import type { IncomingChatMessage } from '@dimp/chat';
import type { DeferredReason, DeliveryState } from '@dimp/client';
import type { FileReport } from '../files/file-sender.ts';
import type { CallOptions } from './calls.ts';

/** The connection to a station, as it is shown. */
export interface ConnectionReport {
  readonly state: string;
  readonly station?: { readonly host: string; readonly port: number; readonly id?: string };
  readonly error?: { readonly code: string; readonly message: string };
  /** When the next attempt is made, in milliseconds since the epoch. */
  readonly until?: number;
}

/** A message that is on its way to others. */
export interface DeliveryFacts {
  /** Name of the delivery. */
  readonly id: string;
  /** Name of the message in its conversation. */
  readonly ref: string;
  readonly receiver: string;
  readonly kind: string;
  readonly sn: number;
  readonly state: DeliveryState;
  readonly settled: boolean;
  /** Text of the last receipt, which a peer has chosen. */
  readonly receipt?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly waitingFor?: { readonly what: string; readonly id: string };
}

/** Something in the outbox: a message that is not with its receiver yet, or a file that is not uploaded yet. */
export interface OutboxEntry {
  readonly id: string;
  readonly receiver: string;
  readonly kind: string;
  /** What it says, as it is shown. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly state: DeliveryState | 'uploading';
  readonly ref?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly waitingFor?: { readonly what: string; readonly id: string };
  /** Bytes of a file. */
  readonly size?: number;
}

/** A message that has arrived and cannot be shown yet. */
export interface DeferredFacts {
  readonly id: string;
  readonly sender?: string;
  readonly reason: DeferredReason;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

/** A file to send. IDs are text. */
export interface FileRequest {
  /** An absolute path. */
  readonly path: string;
  readonly kind: 'file' | 'image';
  readonly receiver: string;
  readonly thumbnail?: Uint8Array;
  readonly server?: string;
  readonly replyTo?: string;
  /** Bearer token of the file server. */
  readonly token?: string;
}

/** A file to download. */
export interface SaveRequest {
  /** ID of the conversation. */
  readonly conversation: string;
  readonly ref: string;
  /** An absolute path. */
  readonly folder: string;
  /** Hosts that it may be downloaded from, beside public ones and the stations. */
  readonly hosts: readonly string[];
}

/** Bytes of a transfer. */
export interface TransferProgress {
  readonly done: number;
  readonly total?: number;
}

/** What commands ask of the messenger of a profile, beside its conversations. All values are plain data. */
export interface MessagingCalls {
  connection(): Promise<ConnectionReport>;
  /** URLs of the stations in use. */
  stationsInUse(): Promise<readonly string[]>;
  /**
   * Waits until there is a connection.
   *
   * @throws the error of the last attempt after `seconds`
   */
  online(seconds: number, options?: CallOptions): Promise<void>;
  /** The person that the station knows by a short name; undefined also for a text that cannot be one. */
  resolve(name: string, options?: CallOptions): Promise<string | undefined>;
  /** Asks for the visas of a person, or of the members of a group. @returns whether all are known */
  visas(id: string, seconds: number, options?: CallOptions): Promise<boolean>;
  deferred(): Promise<readonly DeferredFacts[]>;
  /** Begins to read incoming messages. @returns name of the reader */
  join(): Promise<number>;
  /** Waits for the next incoming message, and finishes the one before. */
  next(reader: number, options?: CallOptions): Promise<IncomingChatMessage>;
  /** Ends reading. @param hasFinished - whether the message that came last is finished */
  leave(reader: number, hasFinished: boolean): Promise<void>;
  /** The delivery of a message; undefined if it has ended. */
  delivery(ref: string): Promise<DeliveryFacts | undefined>;
  outbox(): Promise<readonly OutboxEntry[]>;
  /** Sends something again that has failed. @throws `identity/not-found` */
  retry(id: string): Promise<void>;
  /** Takes something out of the outbox that has not left. @returns false if it may have left */
  cancel(id: string): Promise<boolean>;
  /** Removes something that has failed. */
  discard(id: string): Promise<void>;
  /** Takes a file to send. @returns its name in the outbox, when it is on disk */
  addFile(file: FileRequest, options?: CallOptions): Promise<string>;
  /** Downloads a file. @returns path of the saved file */
  saveFile(file: SaveRequest, options?: CallOptions<TransferProgress>): Promise<string>;
}

/** What happens in a messenger. */
export type HostEvent =
  | { readonly type: 'connection'; readonly report: ConnectionReport }
  | { readonly type: 'problem'; readonly code: string }
  | { readonly type: 'deferred'; readonly message: DeferredFacts }
  | { readonly type: 'delivery'; readonly delivery: DeliveryFacts }
  | { readonly type: 'file'; readonly report: FileReport }
  | { readonly type: 'contacts' };

/** Names of the calls that another process may make. */
export const MESSAGING_CALLS = [
  'connection',
  'stationsInUse',
  'online',
  'resolve',
  'visas',
  'deferred',
  'join',
  'next',
  'leave',
  'delivery',
  'outbox',
  'retry',
  'cancel',
  'discard',
  'addFile',
  'saveFile',
] as const satisfies readonly (keyof MessagingCalls)[];
