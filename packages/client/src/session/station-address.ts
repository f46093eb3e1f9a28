import type { TransportFactory } from '@dimp/core';
import type { ID } from '@dimp/mkm';

/** Where a station is, and how to get there. */
export interface StationAddress {
  readonly connect: TransportFactory;
  /** Its name or IP address, as it is told to others (spec §9.7). */
  readonly host: string;
  readonly port: number;
  /** Who has to be there. By default, whoever was there the first time. */
  readonly id?: ID;
}
