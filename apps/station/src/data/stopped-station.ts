import { Facebook } from '@dimp/client';
import { ProtocolError } from '@dimp/foundation';
import { type LmdbStore, lmdbStore } from '@dimp/store-lmdb';
import { protocol } from '../config/protocol.ts';
import { type DataFolder, exists } from './data-folder.ts';

/** The store of a station that is not running. */
export interface StoppedStation extends AsyncDisposable {
  readonly store: LmdbStore;
  readonly facebook: Facebook<typeof protocol>;
}

/**
 * Opens the data of a station that is not running. Creates nothing.
 *
 * @param checkBytes - largest store that is checked for damage
 * @throws `identity/not-found` if it was never started; `store/conflict` if it is running; other `store/` codes
 */
export async function openStopped(data: DataFolder, checkBytes?: number): Promise<StoppedStation> {
  if (!(await exists(data.store))) {
    throw new ProtocolError('identity/not-found', `${data.path} does not contain a station yet`);
  }
  const store = await lmdbStore({
    path: data.store,
    ...(checkBytes === undefined ? {} : { checkBytes }),
  });
  const facebook = new Facebook({ protocol, store });
  return {
    store,
    facebook,
    async [Symbol.asyncDispose]() {
      await facebook[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
