/**
 * People with real clients on a simulated network, for tests of applications and bots; clients and live values for tests of one
 * component; and the tests that every client must pass.
 *
 * @module
 */
export { type ClientScene, checkClient } from './client/check-client.ts';
export { type ClientParts, clientOf } from './client/client-of.ts';
export { liveValue, type SettableLive } from './client/live-of.ts';
export type { Person } from './client/person.ts';
export {
  type SimulatedWorld,
  simulatedWorld,
  type World,
  type WorldOptions,
} from './client/world.ts';
