/**
 * The PLAIN key algorithm.
 *
 * @module
 */
export { type PlainKey, plain } from './plain/plain.ts';
