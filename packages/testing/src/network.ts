/**
 * A network that fails on purpose, in virtual time. A seed decides every fault, so a run can be repeated exactly.
 *
 * @module
 */
export {
  type CrashingStore,
  type CrashOptions,
  crashingStore,
} from './network/crashing-store.ts';
export { type SeededRandom, seededRandom } from './network/seeded-random.ts';
export {
  type NetworkFaults,
  type NetworkStatistics,
  type NodeOptions,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  type SimulatedNode,
  type Span,
} from './network/simulated-network.ts';
export { type RunLimits, VirtualTime } from './network/virtual-time.ts';
