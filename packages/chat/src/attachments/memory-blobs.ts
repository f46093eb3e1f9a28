import { concatBytes } from '@dimp/foundation';
import type { LocalBlob, LocalBlobs } from './local-blobs.ts';

/** Keeps files in memory, until the program ends. */
export function memoryBlobs(): LocalBlobs {
  const kept = new Map<string, { readonly bytes: Uint8Array; readonly used: number }>();
  return {
    read: async (name) => kept.get(name)?.bytes.slice(),
    async write(name, bytes) {
      kept.set(name, { bytes: concatBytes(...bytes), used: Date.now() });
    },
    async delete(name) {
      kept.delete(name);
    },
    list: async () =>
      [...kept].map(([name, { bytes, used }]): LocalBlob => ({ name, size: bytes.length, used })),
  };
}
