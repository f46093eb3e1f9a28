/** Remote address of a connection, as the listener sees it. */
export interface RemoteAddress {
  /** IP address as text. */
  readonly address: string;
  readonly port: number;
  /** Whether the connection is encrypted up to this machine (spec §14.7 no. 10). */
  readonly secure: boolean;
}
