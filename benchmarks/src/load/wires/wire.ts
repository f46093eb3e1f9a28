/** Position of a received payload in a chunk that is reused afterwards. */
export type PayloadListener = (bytes: Buffer, start: number, end: number) => void;

/** One connection of the load program. It acknowledges payloads by itself. */
export interface Connection {
  /** Called with each payload. */
  onPayload: PayloadListener;
  /** Called with the number of packages that the server has accepted. */
  onAccepted: (count: number) => void;
  /** Called when the connection ends without {@link Connection.close}. */
  onLost: () => void;
  /** Sends any number of packages made by {@link Wire.frame}, in one buffer. */
  write(frames: Uint8Array): void;
  /** Drops the connection. */
  close(): void;
}

/** A framing of messages on a socket that sends prepared bytes with as little work as possible. */
export interface Wire {
  readonly name: string;
  /** Makes the package of one payload. */
  frame(payload: Uint8Array, receiver: string): Buffer;
  /** Connects to a port of this machine. */
  connect(port: number): Promise<Connection>;
  /**
   * Bytes to send after some messages so that the server confirms them; undefined if it confirms each message by itself, or
   * never.
   */
  readonly question?: Buffer;
  /** Bytes that keep an idle connection alive; undefined if none are needed. */
  readonly ping?: Buffer;
  /** Whether {@link Connection.onAccepted} is ever called. */
  readonly accepts: boolean;
}
