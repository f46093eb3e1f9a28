import type { ProtocolError } from '@dimp/foundation';

/** Events of a {@link Channel}. */
export interface ChannelEvents {
  opened(): void;
  /** A whole message has arrived; its bytes belong to the owner. */
  received(payload: Uint8Array): void;
  /** A ping or a pong has arrived, which shows that the peer is alive. */
  alive(pong?: Uint8Array): void;
  /**
   * The channel is closed.
   *
   * @param error - undefined if the peer has closed the connection properly
   */
  closed(error?: ProtocolError): void;
}

/** A WebSocket, as all platforms support it. */
export interface Channel {
  events: ChannelEvents;
  /** Bytes that the network has not accepted yet. */
  readonly bufferedBytes: number;
  /**
   * Sends one unfragmented text frame.
   *
   * @param done - called when the network has accepted it
   */
  send(text: Uint8Array, done?: () => void): void;
  /** Sends a ping of the WebSocket protocol; undefined if the platform does not support it. */
  ping?(data: Uint8Array): void;
  /**
   * Limits the received bytes of an incomplete message, or removes the limit; undefined if the platform does not
   * support it.
   */
  limitUnfinished?(bytes: number | undefined): void;
  /** Stops reading, if the platform supports it. */
  pause(): void;
  resume(): void;
  /** Closes the connection after everything that was sent. */
  close(code: CloseCode): void;
  /** Destroys the connection. */
  terminate(): void;
}

/** Ignores all events. */
export const NO_EVENTS: ChannelEvents = {
  opened() {},
  received() {},
  alive() {},
  closed() {},
};

/** Reasons to close (RFC 6455, 7.4.1): done, going away, protocol error, message too big, overload. */
export type CloseCode = 1000 | 1001 | 1002 | 1009 | 1013;

/** Whether a close code is a proper end: done, going away, or no code. */
export function isProperEnd(code: number): boolean {
  return code === 1000 || code === 1001 || code === 1005;
}

/** Options for opening a {@link Channel}. */
export interface ChannelOptions {
  readonly maxPayloadBytes: number;
  readonly tls?: TlsOptions | undefined;
}

/** TLS settings. Not used where the platform has its own WebSocket. */
export interface TlsOptions {
  /** CA certificates as PEM, instead of the platform's. */
  readonly ca?: string | readonly string[];
  /** Own certificate and key as PEM. */
  readonly cert?: string;
  readonly key?: string;
}

/** Starts to open a connection. */
export type OpenChannel = (url: string, options: ChannelOptions, events: ChannelEvents) => Channel;
