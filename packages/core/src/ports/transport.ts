import type { MaybePromise } from '@dimp/foundation';

/** A connection that carries payloads both ways. It knows nothing of messages. */
export interface Transport extends AsyncDisposable {
  /** Payloads in order of arrival; ends when the connection is closed, throws `transport/closed` when it is lost. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /**
   * @throws `transport/closed`, `transport/timeout`; `format/limit` for a payload that is too long.
   */
  send(payload: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What a transport is made with. */
export interface TransportContext {
  /** Gives up connecting and closes the connection. */
  readonly signal?: AbortSignal;
  /** Longest payload accepted, in bytes; checked before memory is taken. */
  readonly maxPayloadBytes: number;
}

/** Opens a connection. */
export type TransportFactory = (context: TransportContext) => MaybePromise<Transport>;
