import { join } from 'node:path';
import type { Cast } from '../people/cast.ts';
import type { PersonData } from '../people/person.ts';
import type { Wire } from '../wires/wire.ts';
import { NodeServer } from './child.ts';
import { loginStation } from './station-login.ts';
import type { Place, Role, Target } from './target.ts';

/** The station of this repository, complete and with its store on disk. */
export async function stationTarget(
  name: string,
  wire: Wire,
  cast: Cast,
  place: Place,
): Promise<Target> {
  const { server, ready } = await NodeServer.start<{ port: number }>(
    'station',
    [join(place.folder, 'data')],
    place,
  );
  const personOf = ({ kind, number }: Role): PersonData => {
    const people = { receiver: cast.receivers, idle: cast.idle };
    const person = kind === 'sender' ? cast.senders[number]?.person : people[kind][number];
    if (person === undefined) throw new RangeError('the cast has no such user');
    return person;
  };
  return {
    name,
    wire,
    pid: server.pid,
    unique: true,
    keeps: wire.accepts,
    forgetsAfter: 135_000,
    nameOf: () => '',
    settle: () => server.settle(),
    login: (role, listen) => {
      const door = { wire, port: ready.port, listen };
      return loginStation(door, personOf(role), cast.messageKey);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
