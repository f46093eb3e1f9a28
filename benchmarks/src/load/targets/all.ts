import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Cast } from '../people/cast.ts';
import type { Plan } from '../plan.ts';
import { mtpWire } from '../wires/mtp.ts';
import { webSocketWire } from '../wires/websocket.ts';
import { ejabberdTarget } from './ejabberd.ts';
import { prosodyTarget } from './prosody.ts';
import { relayTarget } from './relay.ts';
import { stationTarget } from './station.ts';
import type { Place, Target } from './target.ts';

/** A target that can be started, any number of times. */
export interface Candidate {
  /** One word, used on the command line and as the folder's name. */
  readonly name: string;
  start(place: Place): Promise<Target>;
}

/** Targets that can be measured on this machine, and those that cannot, with the reason. */
export interface Candidates {
  readonly here: readonly Candidate[];
  readonly missing: readonly string[];
}

/** Looks for the servers that are installed. */
export async function candidates(plan: Plan, cast: Cast): Promise<Candidates> {
  const [prosody, ejabberd] = await Promise.all([find('prosody'), find('ejabberdctl')]);
  const all: (Candidate | string)[] = [
    { name: 'relay', start: (place) => relayTarget(cast, place) },
    {
      name: 'station-tcp',
      start: (place) => stationTarget('station, TCP', mtpWire(), cast, place),
    },
    {
      name: 'station-websocket',
      start: (place) => stationTarget('station, WebSocket', webSocketWire(true), cast, place),
    },
    prosody === undefined
      ? 'prosody is not installed'
      : { name: 'prosody', start: (place) => prosodyTarget(plan, place) },
    ejabberd === undefined
      ? 'ejabberd is not installed'
      : { name: 'ejabberd', start: (place) => ejabberdTarget(ejabberd, plan, place) },
  ];
  const here = all.filter((one) => typeof one !== 'string');
  const wanted = ({ name }: Candidate) =>
    plan.targets.length === 0 || plan.targets.some((beginning) => name.startsWith(beginning));
  return { here: here.filter(wanted), missing: all.filter((one) => typeof one === 'string') };
}

/** Returns the path of a program, searching the administrator's folders as well. */
export async function find(program: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const path = join(folder, program);
    try {
      await access(path);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
