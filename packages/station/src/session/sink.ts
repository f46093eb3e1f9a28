/** Where the messages of a user can be sent: one of their devices, or the station that they are at. */
export interface Sink {
  /** For logs. */
  readonly id: string;
  readonly kind: 'device' | 'neighbour';
  /**
   * Sends a message.
   *
   * @param payload - one reliable message
   * @returns when the other side has acknowledged it
   * @throws if it was not acknowledged, after which the sink gets nothing more. A `policy/` code says instead that this one
   *   message is not for the sink.
   */
  send(payload: Uint8Array): Promise<void>;
  /** Ends the connection because a message could not be sent. */
  close?(): void;
}
