import type { Facebook } from '@dimp/client';
import { type ID, sameEntity } from '@dimp/mkm';
import { Federation, type NeighbourStation } from '@dimp/station';
import { connectTcp } from '@dimp/transport-tcp';
import type { NeighbourAddress } from '../config/addresses.ts';
import type { Log } from '../log/log.ts';
import { CommandFailure } from '../terminal/failure.ts';

/**
 * Creates the federation of a station with its configured neighbours.
 *
 * @returns undefined without any
 * @throws `config` if the station itself is among them
 */
export function federationOf(
  neighbours: readonly NeighbourAddress[],
  facebook: Facebook,
  id: ID,
  logger: Log,
): Federation | undefined {
  if (neighbours.length === 0) return undefined;
  if (neighbours.some((each) => sameEntity(each.id, id))) {
    throw new CommandFailure('config', 'neighbours: must not contain the station itself');
  }
  return new Federation({ facebook, id, neighbours: neighbours.map(stationOf), logger });
}

function stationOf({ id, at }: NeighbourAddress): NeighbourStation {
  return at === undefined ? { id } : { id, connect: connectTcp(at) };
}
