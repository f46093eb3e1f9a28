/**
 * People with real clients on a simulated network, for tests of applications and bots.
 *
 * @module
 */
export type { Person } from './client/person.ts';
export {
  type SimulatedWorld,
  simulatedWorld,
  type World,
  type WorldOptions,
} from './client/world.ts';
