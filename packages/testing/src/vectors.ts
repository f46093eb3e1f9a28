/**
 * The runner of the language-neutral test vectors. It takes any file in their format, in Node and in browsers.
 *
 * @module
 */
export type { VectorAccount, VectorAccounts, VectorCase, VectorFile } from './vectors/case.ts';
export type { VectorContext, VectorOperation, VectorOperations } from './vectors/context.ts';
export { type VectorResult, VectorRunner } from './vectors/run.ts';
