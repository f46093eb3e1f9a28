import type { ID } from '@dimp/mkm';
import type { Routes } from './delivery/routes.ts';
import type { Neighbours } from './federation/neighbours.ts';
import type { Sessions } from './session/sessions.ts';
import type { Sink } from './session/sink.ts';

/** Routes to the sessions of this station, and to its neighbours for users who have none. */
export class StationRoutes implements Routes {
  readonly #sessions: Sessions;
  readonly #neighbours: Neighbours | undefined;

  constructor(sessions: Sessions, neighbours: Neighbours | undefined) {
    this.#sessions = sessions;
    this.#neighbours = neighbours;
  }

  sinksOf(user: ID): readonly Sink[] {
    const isNeighbour = this.#neighbours?.trusts(user) ?? false;
    const active = isNeighbour ? [] : this.#sessions.activeOf(user);
    if (active.length > 0) return active;
    return this.#neighbours?.sinksOf(user) ?? [];
  }

  onChange(listener: (user: ID) => void): void {
    this.#sessions.onChange(listener);
  }
}
