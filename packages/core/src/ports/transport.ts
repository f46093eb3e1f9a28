import type { MaybePromise } from '@dimp/foundation';

/** A payload that a transport has received. */
export interface Arrival {
  /** One reliable message as JSON, or several with line feeds between them (spec §12.3). */
  readonly payload: Uint8Array;
  /**
   * Tells the peer that it need not send the payload again: call it when what came of it is on disk. Transports whose
   * framing knows no acknowledgement do nothing. Calling it twice, or after the connection was lost, does no harm.
   */
  acknowledge(): void;
}

/**
 * A connection that carries payloads both ways, in order. It knows nothing of messages; control words of its framing, such
 * as `PING`, it answers by itself.
 */
export interface Transport extends AsyncDisposable {
  /**
   * Payloads in order of arrival, for one reader; several may be unacknowledged at a time, and a transport stops reading
   * from the network while too many wait to be fetched. Ends when the connection was closed by either side, throws
   * `transport/closed` when it was lost, `transport/protocol` or `format/limit` when the peer broke the rules.
   */
  readonly incoming: AsyncIterable<Arrival>;
  /**
   * Sends a payload. Several calls may be under way; payloads leave in the order of the calls.
   *
   * @returns when the peer has acknowledged it; over framings without acknowledgements, when the network has taken it
   * @throws `transport/closed` if the connection is closed or lost before that: the peer may have it or not;
   *   `transport/timeout` if the peer does not acknowledge; `format/limit` for a payload that is too long
   */
  send(payload: Uint8Array): Promise<void>;
  /**
   * Holds a peer who has not proven yet who they are to shorter payloads than the transport was made for, and to that many bytes
   * of them that wait. Transports that cannot leave it out.
   *
   * @param bytes - undefined when the peer has proven it
   */
  limitPayloads?(bytes: number | undefined): void;
  /** Closes the connection; what was handed to {@link Transport.send} before leaves first, as far as the peer takes it. */
  close(): Promise<void>;
}

/** What a transport is made with. */
export interface TransportContext {
  /** Gives up connecting and closes the connection. */
  readonly signal?: AbortSignal;
  /** Longest payload accepted, in bytes; checked before memory is taken. */
  readonly maxPayloadBytes: number;
}

/**
 * Opens a connection.
 *
 * @throws `transport/timeout`, `transport/refused`, `transport/closed`; the signal's reason
 */
export type TransportFactory = (context: TransportContext) => MaybePromise<Transport>;
