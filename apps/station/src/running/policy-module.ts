import { pathToFileURL } from 'node:url';
import type { Policy } from '@dimp/station';
import { CommandFailure } from '../terminal/failure.ts';

/**
 * Loads the policy of the operator: the function `policy` that a module exports.
 *
 * @returns undefined if no path is given
 * @throws `config`
 */
export async function loadPolicy(path: string | undefined): Promise<Policy | undefined> {
  if (path === undefined) return undefined;
  let module: { readonly policy?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { readonly policy?: unknown };
  } catch (error) {
    // The operator needs to see the error in their own file.
    const problem = error instanceof Error ? `: ${error.message.split('\n', 1)[0]}` : '';
    throw new CommandFailure('config', `policy: ${path} cannot be loaded${problem}`);
  }
  if (typeof module.policy === 'function') return module.policy as Policy;
  throw new CommandFailure('config', `policy: ${path} must export a function "policy"`);
}
