/**
 * Compliance suites: one call registers the tests that a plug-in must pass. They depend on no test framework and no
 * platform, so authors of plug-ins use their own.
 *
 * @module
 */
export type { TestFunction } from './compliance/assert.ts';
export { type BlobStoreComplianceOptions, blobStoreCompliance } from './compliance/blob-store.ts';
export {
  type ContentComplianceOptions,
  type ContentSample,
  contentTypeCompliance,
} from './compliance/content-type.ts';
export { type KeyComplianceOptions, keyAlgorithmCompliance } from './compliance/key-algorithm.ts';
export { type StoreComplianceOptions, storeCompliance } from './compliance/store.ts';
export type { OpenStore } from './compliance/store-suite.ts';
export { symmetricAlgorithmCompliance } from './compliance/symmetric-algorithm.ts';
export { transportCompliance } from './compliance/transport.ts';
export type {
  OpenPair,
  PairRequest,
  TransportComplianceOptions,
  TransportPair,
} from './compliance/transport-suite.ts';
