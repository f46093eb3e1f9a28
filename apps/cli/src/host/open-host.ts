import { setTimeout as pause } from 'node:timers/promises';
import { isProtocolError } from '@dimp/foundation';
import { type Access, openProfile, profileFolder } from '../account/profile.ts';
import type { Context } from '../terminal/context.ts';
import type { Host } from './host.ts';
import { LocalHost } from './local-host.ts';
import { RemoteHost } from './remote-host.ts';

/** Delay between two attempts to open a profile or to reach the process that has it open, in milliseconds. */
const RETRY_MS = 50;
/** How long another process may have a profile open before it serves it: some commands never do, and take a moment only. */
const PATIENCE_MS = 3000;

/**
 * Opens the profile, or connects to the process of the same user that has it open and serves it.
 *
 * @throws the codes of {@link openProfile}; `unsupported/version` if a dim of another version has the profile open;
 *   `store/conflict` if another program has it open and does not serve it
 */
export async function openHost(context: Context, access: Access = 'write'): Promise<Host> {
  const { options, signal } = context;
  const folder = profileFolder(context);
  const end = Date.now() + Math.max((options.wait ?? 0) * 1000, PATIENCE_MS);
  for (;;) {
    // First, because a profile that is open already needs no passphrase.
    const remote = await RemoteHost.find(folder, context);
    if (remote !== undefined) return remote;
    try {
      // Between two attempts the other process is looked for, so the profile must not wait itself.
      const once = { ...context, options: { ...options, wait: 0 } };
      return await LocalHost.of(await openProfile(once, access), context);
    } catch (error) {
      if (!isProtocolError(error, 'store/conflict') || Date.now() >= end) throw error;
    }
    await pause(RETRY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
