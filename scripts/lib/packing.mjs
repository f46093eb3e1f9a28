// Packs what would be published: one tarball for each public workspace, made by pnpm, which replaces `workspace:` ranges.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, root } from './process.mjs';
import { workspaces } from './workspace.mjs';

/** @typedef {{ name: string, path: string, tarball: string, manifest: import('./workspace.mjs').Manifest }} Packed */

/** Public workspaces, each behind those it depends on. */
export function publicWorkspaces() {
  const all = workspaces().filter(({ manifest }) => manifest.private !== true);
  /** @type {typeof all} */
  const ordered = [];
  /** @param {(typeof all)[number]} each */
  const add = (each) => {
    if (ordered.includes(each)) return;
    const names = Object.keys(each.manifest.dependencies ?? {});
    for (const other of all) if (names.includes(other.manifest.name)) add(other);
    ordered.push(each);
  };
  for (const each of all) add(each);
  return ordered;
}

/**
 * @param {string} folder where the tarballs go; it is emptied
 * @returns {Promise<readonly Packed[]>} in the order in which they have to be published
 * @throws if a package cannot be packed
 */
export async function packAll(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const all = publicWorkspaces();
  const filters = all.map(({ manifest }) => `--filter=${manifest.name}`);
  const { ok, output } = await pnpm(
    ['--recursive', ...filters, 'pack', '--pack-destination', folder],
    { quiet: true },
  );
  if (!ok) throw new Error(`the packages cannot be packed:\n${output}`);
  const packed = all.map(({ path, manifest }) => {
    const name = manifest.name.replace('@', '').replace('/', '-');
    const tarball = join(folder, `${name}-${manifest.version}.tgz`);
    if (!existsSync(tarball)) throw new Error(`${tarball} is missing:\n${output}`);
    return { name: manifest.name, path, tarball, manifest };
  });
  return packed;
}

/** The manifest at the root, where version and repository are decided. */
export function rootManifest() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
}
