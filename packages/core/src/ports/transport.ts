import type { MaybePromise } from '@dimp/foundation';

/** A payload that a transport has received. */
export interface Arrival {
  /** One reliable message as JSON, or several with line feeds between them (spec §12.3). */
  readonly payload: Uint8Array;
  /**
   * Tells the peer that it need not send the payload again. Call it when the payload has been processed or stored. Does nothing
   * over framings without acknowledgements, on a second call, and after the connection was lost.
   */
  acknowledge(): void;
}

/**
 * A connection that carries payloads in both directions, in order. It does not read messages. It answers control words of its
 * framing, such as `PING`.
 */
export interface Transport extends AsyncDisposable {
  /**
   * Payloads in order of arrival, for one reader. Several may be unacknowledged at a time. The transport stops reading from the
   * network while too many wait to be read. Ends when either side closes the connection. Throws `transport/closed` if the
   * connection is lost; `transport/protocol` or `format/limit` if the peer breaks the rules.
   */
  readonly incoming: AsyncIterable<Arrival>;
  /**
   * Sends a payload. Several calls may be pending; payloads are sent in the order of the calls.
   *
   * @returns when the peer has acknowledged it; over framings without acknowledgements, when the network has accepted it
   * @throws `transport/closed` if the connection is closed or lost before that: the peer may have the payload or not;
   *   `transport/timeout` if the peer does not acknowledge; `format/limit` for a payload that is too long
   */
  send(payload: Uint8Array): Promise<void>;
  /**
   * Limits the payloads of a peer that is not yet authenticated, and the bytes of them that wait to be read. Absent if the
   * transport cannot do that.
   *
   * @param bytes - undefined removes the limit
   */
  limitPayloads?(bytes: number | undefined): void;
  /** Closes the connection after sending the pending payloads, as far as the peer accepts them. */
  close(): Promise<void>;
}

/** Options of a {@link TransportFactory}. */
export interface TransportContext {
  /** Cancels connecting and closes the connection. */
  readonly signal?: AbortSignal;
  /** Maximum payload in bytes; checked before memory is allocated. */
  readonly maxPayloadBytes: number;
}

/**
 * Opens a connection.
 *
 * @throws `transport/timeout`, `transport/refused`, `transport/closed`; the signal's reason
 */
export type TransportFactory = (context: TransportContext) => MaybePromise<Transport>;
