// A release in two steps:
//
//   node scripts/release.mjs version    turns .changeset/*.md into the next version and its part of CHANGELOG.md
//   node scripts/release.mjs publish    packs, checks and publishes all packages with provenance; run it in CI
//   node scripts/release.mjs check      the same without publishing: nothing leaves this machine
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packAll, rootManifest } from './lib/packing.mjs';
import { build, pnpm, quietly, root, run, summary } from './lib/process.mjs';
import { packagesIn } from './lib/workspace.mjs';

const CHANGELOG = join(root, 'CHANGELOG.md');
const command = process.argv[2];
if (command === 'version') await nextVersion();
else if (command === 'check') await release({ dryRun: true });
else if (command === 'publish') await release({ dryRun: false });
else throw new Error('usage: node scripts/release.mjs version | check | publish');

/** Changesets computes the version; their text goes into the one changelog. */
async function nextVersion() {
  const folder = join(root, '.changeset');
  const notes = readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) =>
      readFileSync(join(folder, name), 'utf8')
        .replace(/^---.*?---/s, '')
        .trim(),
    );
  if (notes.length === 0) throw new Error('there is no changeset: pnpm changeset');
  await quietly('computing the version', () =>
    pnpm(['exec', 'changeset', 'version'], { quiet: true }),
  );
  const version = packagesIn('packages').find(({ manifest }) => manifest.name === 'dimp')?.manifest
    .version;
  const manifest = { ...rootManifest(), version };
  writeFileSync(join(root, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const list = notes.map((note) => `- ${note.replaceAll('\n', '\n  ')}`).join('\n');
  const text = readFileSync(CHANGELOG, 'utf8');
  const first = text.indexOf('\n## ');
  writeFileSync(
    CHANGELOG,
    `${text.slice(0, first)}\n## ${version}\n\n${list}\n${text.slice(first)}`,
  );
  await run(process.execPath, ['scripts/sync-manifests.mjs']);
}

/** @param {{ dryRun: boolean }} options */
async function release({ dryRun }) {
  const { version, repository } = rootManifest();
  if (!dryRun && new URL(repository.url.replace(/^git\+/, '')).hostname.endsWith('.invalid')) {
    throw new Error('package.json: repository must be the address that provenance can prove');
  }
  if (!dryRun) await quietly('building', build);
  const packages = await packAll(join(root, 'node_modules/.cache/packages'));
  const problems = packages.flatMap((each) => problemsOf(each, version));
  if (!readFileSync(CHANGELOG, 'utf8').includes(`\n## ${version}`)) {
    problems.push(`CHANGELOG.md says nothing of ${version}`);
  }
  for (const problem of problems) console.error(problem);
  let passed = 0;
  let failed = problems.length;
  for (const { name, tarball } of failed === 0 ? packages : []) {
    const args = ['publish', tarball, '--provenance', '--access', 'public'];
    const { ok, output } = await run('npm', dryRun ? [...args, '--dry-run', '--offline'] : args, {
      quiet: true,
    });
    console.log(`${ok ? 'ok' : 'FAILED'}  ${name}@${version}${dryRun ? ' (dry run)' : ''}`);
    if (ok) passed += 1;
    else {
      failed += 1;
      console.error(output);
      // The packages behind it depend on it.
      if (!dryRun) break;
    }
  }
  summary(passed, failed);
}

/**
 * @param {import('./lib/packing.mjs').Packed} packed
 * @param {string} version
 */
function problemsOf({ name, path, manifest }, version) {
  const { repository, homepage, bugs, keywords, license, engines } = /** @type {any} */ (manifest);
  const problems = [];
  if (manifest.version !== version) problems.push(`version must be ${version}`);
  for (const [field, value] of Object.entries({ repository, homepage, bugs, keywords })) {
    if (value === undefined) problems.push(`${field} is missing`);
  }
  if (license !== 'MIT') problems.push('license must be MIT');
  if (engines === undefined) problems.push('engines is missing');
  if (!existsSync(join(path, 'README.md'))) problems.push('README.md is missing');
  if (!existsSync(join(path, 'dist'))) problems.push('it is not built');
  return problems.map((problem) => `${name}: ${problem}`);
}
