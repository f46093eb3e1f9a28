import type { ProtocolError } from '@dimp/foundation';

/** What a {@link Channel} tells its owner. */
export interface ChannelEvents {
  opened(): void;
  /** A whole message; the bytes belong to the owner. */
  received(payload: Uint8Array): void;
  /** Something else has come, which shows that the peer lives: a ping, or the answer to one. */
  alive(pong?: Uint8Array): void;
  /**
   * Nothing comes any more.
   *
   * @param error - undefined when the peer has closed the connection as is proper
   */
  closed(error?: ProtocolError): void;
}

/** A WebSocket, as far as platforms agree. */
export interface Channel {
  events: ChannelEvents;
  /** Bytes that the network has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Sends one unfragmented text frame.
   *
   * @param done - called when the network has taken it
   */
  send(text: Uint8Array, done?: () => void): void;
  /** Asks for a sign of life that only the peer's WebSocket gives; undefined where the platform cannot. */
  ping?(data: Uint8Array): void;
  /** Limits what has come of a message that is not complete; undefined where the platform cannot, or ends the limit. */
  limitUnfinished?(bytes: number | undefined): void;
  /** Stops reading, where the platform can. */
  pause(): void;
  resume(): void;
  /** Closes behind what was sent. */
  close(code: CloseCode): void;
  /** Drops the connection. */
  terminate(): void;
}

/** For a connection that nobody listens to. */
export const NO_EVENTS: ChannelEvents = {
  opened() {},
  received() {},
  alive() {},
  closed() {},
};

/** Reasons to close (RFC 6455, 7.4.1): done, going away, protocol error, message too big, overload. */
export type CloseCode = 1000 | 1001 | 1002 | 1009 | 1013;

/** Whether a close code of the peer is a proper end: done, going away, or none given. */
export function isProperEnd(code: number): boolean {
  return code === 1000 || code === 1001 || code === 1005;
}

/** What a {@link Channel} is opened with. */
export interface ChannelOptions {
  readonly maxPayloadBytes: number;
  readonly tls?: TlsOptions | undefined;
}

/** Whom to trust with TLS; where the platform has its own WebSocket, its settings count instead. */
export interface TlsOptions {
  /** Certificates of authorities as PEM, instead of the platform's. */
  readonly ca?: string | readonly string[];
  /** Own certificate and key as PEM. */
  readonly cert?: string;
  readonly key?: string;
}

/** Starts to open a connection. */
export type OpenChannel = (url: string, options: ChannelOptions, events: ChannelEvents) => Channel;
