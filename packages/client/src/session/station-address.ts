import type { TransportFactory } from '@dimp/core';
import type { ID } from '@dimp/mkm';

/** Address of a station, and how to connect to it. */
export interface StationAddress {
  readonly connect: TransportFactory;
  /** Its host name or IP address, as announced to peers (spec §9.7). */
  readonly host: string;
  readonly port: number;
  /** The station that must be there. By default, the one that was found there first. */
  readonly id?: ID;
}
