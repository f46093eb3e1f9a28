// Sections of the specification, and the places that cite them.
import { readFileSync } from 'node:fs';

/**
 * Sections of the specification with the numbers of their rows: `14.2` → 16, 17, …
 *
 * @typedef {ReadonlyMap<string, ReadonlySet<number>>} Sections
 */

/** A list of § of another document, such as "RFC 9110 §9.3, §13.1". */
const FOREIGN =
  /(?:RFC \d+|SEC \d|X\.\d+|draft-[\w-]+|RSA guidance,?)\s+§\s?[\w.]+(?:(?:,| and| to)\s+§\s?[\w.]+)*/g;
/** A § with its number, and the rows behind it: "§14.2 no. 16 and 20", "§14.1 #5". */
const CITATION =
  /§\s?(\d+(?:\.\d+)*)(?:\s+(?:no\.\s?|#)(\d+(?:(?:,| and| to)\s+(?:no\.\s?|#)?\d+)*))?/g;
/** The beginning of a comment's line. */
const MARGIN = /\n[ \t]*(?:\*|\/\/|#|\|)?[ \t]*/g;

/**
 * Reads the numbers of sections and of their rows: first columns of tables and numbers of lists.
 *
 * @param {string} path of the specification
 * @returns {Sections}
 */
export function readSections(path) {
  /** @type {Map<string, Set<number>>} */
  const sections = new Map();
  /** @type {Set<number>} */
  let rows = new Set();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const heading = /^#{2,3} (\d+(?:\.\d+)*)\.? /.exec(line)?.[1];
    const row = /^(?:\| (\d+) \||(\d+)\. )/.exec(line);
    if (heading !== undefined) {
      rows = new Set();
      sections.set(heading, rows);
    } else if (row !== null) rows.add(Number(row[1] ?? row[2]));
  }
  return sections;
}

/**
 * Finds citations of sections or rows that the specification does not have.
 *
 * @param {string} text of a source file or page
 * @param {Sections} sections
 * @returns {{ line: number, citation: string }[]}
 */
export function wrongCitations(text, sections) {
  // Citations of other documents go, and each line break becomes one character, so that positions tell lines.
  const breaks = [...text.matchAll(/\n/g)].length;
  const plain = text.replace(MARGIN, '\n').replace(FOREIGN, (list) => list.replace(/[^\n]/g, ' '));
  if (plain.split('\n').length !== breaks + 1) throw new Error('lines were lost');
  return [...plain.matchAll(CITATION)]
    .filter(([, section = '', rows]) => !exists(section, rows, sections))
    .map(({ 0: citation, index }) => ({
      line: plain.slice(0, index).split('\n').length,
      citation: citation.replace(/\s+/g, ' '),
    }));
}

/**
 * @param {string} section
 * @param {string | undefined} rows numbers, joined by commas, "and" or "to"
 * @param {Sections} sections
 */
function exists(section, rows, sections) {
  if (!sections.has(section)) return false;
  const numbers = [...(rows ?? '').matchAll(/\d+/g)].map(([number]) => Number(number));
  const parts = [...sections].filter(
    ([name]) => name === section || name.startsWith(`${section}.`),
  );
  return numbers.every((number) => parts.some(([, known]) => known.has(number)));
}
