/** A payload that has arrived: where it stands in a chunk that is reused afterwards. */
export type PayloadListener = (bytes: Buffer, start: number, end: number) => void;

/** One connection of the load program. It acknowledges what arrives by itself. */
export interface Connection {
  /** Called with each payload. */
  onPayload: PayloadListener;
  /** Called when the server has taken packages of ours: how many. */
  onAccepted: (count: number) => void;
  /** Called when the connection ends without {@link Connection.close}. */
  onLost: () => void;
  /** Hands over packages that {@link Wire.frame} made, any number of them one behind the other. */
  write(frames: Uint8Array): void;
  /** Drops the connection. */
  close(): void;
}

/** A way of putting messages on a socket, made for sending prepared bytes with as little work as possible. */
export interface Wire {
  readonly name: string;
  /** Makes the package of one payload. */
  frame(payload: Uint8Array, receiver: string): Buffer;
  /** Connects to a port of this machine. */
  connect(port: number): Promise<Connection>;
  /**
   * What has to follow a number of messages so that the server tells that it has taken them; undefined if it tells for each
   * message unasked, or never.
   */
  readonly question?: Buffer;
  /** What keeps a connection alive on which nothing else happens; undefined where nothing has to. */
  readonly ping?: Buffer;
  /** Whether {@link Connection.onAccepted} is ever called. */
  readonly accepts: boolean;
}
