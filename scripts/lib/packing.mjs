// Packs what would be published: one tarball for each public workspace, made by pnpm, which replaces `workspace:` ranges.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  /** @type {Packed[]} */
  const packed = [];
  for (const { path, manifest } of publicWorkspaces()) {
    const { ok, output } = await pnpm(['--dir', path, 'pack', '--pack-destination', folder], {
      quiet: true,
    });
    if (!ok) throw new Error(`${manifest.name} cannot be packed:\n${output}`);
    const start = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}`;
    const file = readdirSync(folder).find((name) => name === `${start}.tgz`);
    if (file === undefined) throw new Error(`${start}.tgz is missing:\n${output}`);
    packed.push({ name: manifest.name, path, tarball: join(folder, file), manifest });
  }
  return packed;
}

/** The manifest at the root, where version and repository are decided. */
export function rootManifest() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
}
