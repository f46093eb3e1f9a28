// Links between pages, and paths that pages name.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const FENCE = /^\s*```[\s\S]*?^\s*```/gm;
const LINK = /\]\(([^)\s]+)\)/g;
/** `client/src/outbox/`, `mkm/src/{id,parse-id}.ts`, `outbox.ts` */
const NAMED = /`([\w@./{},-]+(?:\.(?:m?ts|mjs)|\/))`/g;

/**
 * Finds links to files or headings that do not exist.
 *
 * @param {string} page path of a Markdown file
 * @param {string} text of it
 * @returns {string[]} the links
 */
export function brokenLinks(page, text) {
  return [...text.replace(FENCE, '').matchAll(LINK)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link) && !leads(page, link));
}

/**
 * @param {string} page
 * @param {string} link
 */
function leads(page, link) {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : resolve(dirname(page), decodeURIComponent(path));
  if (!existsSync(target)) return false;
  if (anchor === undefined || !target.endsWith('.md')) return true;
  const headings = readFileSync(target, 'utf8')
    .replace(FENCE, '')
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].some(([, heading = '']) => anchorOf(heading) === anchor);
}

/**
 * The anchor that a heading gets.
 *
 * @param {string} heading
 */
function anchorOf(heading) {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
}

/**
 * Finds source paths between backticks that do not exist. A path with `/src/` or `/test/` begins at a package or at the
 * root; another one has to be the end of the path of a source.
 *
 * @param {string} text of a page
 * @param {string} root of the repository
 * @param {readonly string[]} files paths of all sources, from the root
 * @returns {string[]} the paths
 */
export function missingPaths(text, root, files) {
  return [...text.replace(FENCE, '').matchAll(NAMED)]
    .flatMap(([, path = '']) => alternatives(path))
    .filter((path) => {
      if (path.includes('/src/') || path.includes('/test/')) {
        return !['packages', 'apps', '.'].some((folder) => stands(join(root, folder, path)));
      }
      // `x.node.ts` stands for any name.
      if (path.endsWith('/') || path.includes('/x.')) return false;
      return !files.some((file) => `/${file}`.endsWith(`/${path}`));
    });
}

/**
 * `a/{b,c}.ts` → `a/b.ts`, `a/c.ts`
 *
 * @param {string} path
 * @returns {string[]}
 */
function alternatives(path) {
  const group = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path);
  if (group === null) return [path];
  const [, before = '', list = '', after = ''] = group;
  return list.split(',').flatMap((each) => alternatives(`${before}${each}${after}`));
}

/** @param {string} path with a slash at its end for a folder */
function stands(path) {
  if (!existsSync(path)) return false;
  return !path.endsWith('/') || statSync(path).isDirectory();
}
