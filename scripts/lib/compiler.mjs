// The native TypeScript compiler, about ten times as fast as the one in JavaScript. It is called by path, because both
// packages bring a program `tsc`. `typescript` itself is for scripts that need its programming interface.
import { join } from 'node:path';
import { root, run } from './process.mjs';

/**
 * Runs `tsc -p CONFIG`.
 *
 * @param {string} config path of a tsconfig file
 * @param {readonly string[]} [args] more arguments
 * @param {{ quiet?: boolean }} [options] quiet: keep the output back
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function compile(config, args = [], options = {}) {
  const tsc = join(root, 'node_modules/typescript-7/bin/tsc');
  return run(process.execPath, [tsc, '-p', config, ...args], options);
}
