import type { VectorAccounts, VectorFile } from '@dimp/testing/vectors';

declare global {
  interface ImportMeta {
    glob<T>(pattern: string, options: { eager: true; import: 'default' }): Record<string, T>;
  }
}

/** Every JSON file of the vectors, found by the bundler, so that browsers have the same list as Node. */
const all = import.meta.glob<unknown>('../../../vectors/**/*.json', {
  eager: true,
  import: 'default',
});

const ROOT = '../../../vectors/';
/** Files of the vectors that hold no cases. */
const OTHERS: readonly string[] = ['accounts.json', 'vectors.schema.json'];

/** The accounts that cases refer to by name. */
export const accounts: VectorAccounts = (
  all[`${ROOT}accounts.json`] as { accounts: VectorAccounts }
).accounts;

/** All topic files by their path inside the vectors, without those that the tests of `@dimp/groups` run. */
export const vectorFiles: ReadonlyMap<string, VectorFile> = new Map(
  Object.entries(all)
    .map(([path, file]) => [path.slice(ROOT.length), file as VectorFile] as const)
    .filter(([path]) => !OTHERS.includes(path) && !path.startsWith('groups/')),
);
