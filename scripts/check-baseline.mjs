// Checks that the built files of the portable packages need no more than the baseline in README: the syntax of ES2022, and the
// globals and members listed here. Files that only Node loads are not checked.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root, summary } from './lib/process.mjs';

const PORTABLE = [
  ...['foundation', 'crypto', 'mkm', 'dkd', 'core', 'extensions', 'endpoint', 'client'],
  ...['mnemonic', 'testing', 'chat', 'groups'],
  ...['endpoint', 'store-encrypted', 'store-indexeddb', 'transport-websocket'],
];
/** Folders and files of them that only Node loads. */
const NODE_ONLY = /\.node\.js$|\/openssl\/|transport-websocket\/dist\/(server(\.js$|\/)|ws\/)/;

/** Globals of ES2022, and of browsers since the versions that README names. */
const GLOBALS = new Set(
  `undefined NaN Infinity globalThis isNaN parseInt parseFloat encodeURIComponent decodeURIComponent
   Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error AggregateError Float32Array Float64Array
   Function Int8Array Int16Array Int32Array JSON Map Math Number Object Promise Proxy RangeError Reflect RegExp Set
   SharedArrayBuffer String Symbol SyntaxError TypeError Uint8Array Uint8ClampedArray Uint16Array Uint32Array URIError WeakMap
   WeakRef WeakSet FinalizationRegistry
   AbortController AbortSignal Blob BroadcastChannel caches DOMException Event EventTarget FormData Headers IDBKeyRange
   MessageEvent ReadableStream Request Response TextDecoder TextEncoder URL URLSearchParams WebSocket atob btoa clearInterval
   clearTimeout console crypto fetch indexedDB navigator performance queueMicrotask setInterval setTimeout`
    .split(/\s+/)
    .filter(Boolean),
);

/** Static members, of those globals that got more after ES2022. */
const STATICS = {
  Symbol: 'asyncIterator for hasInstance iterator keyFor toPrimitive toStringTag',
  Promise: 'all allSettled any race reject resolve prototype',
  Array: 'from isArray of prototype',
  Object: `assign create defineProperties defineProperty entries freeze fromEntries getOwnPropertyDescriptor
    getOwnPropertyDescriptors getOwnPropertyNames getOwnPropertySymbols getPrototypeOf hasOwn is isExtensible isFrozen isSealed
    keys preventExtensions prototype seal setPrototypeOf values`,
  Map: 'prototype',
  Uint8Array: 'BYTES_PER_ELEMENT from of prototype',
  ArrayBuffer: 'isView prototype',
  RegExp: 'prototype',
  Error: 'captureStackTrace prototype stackTraceLimit',
  AbortSignal: 'abort any timeout',
  URL: 'createObjectURL revokeObjectURL',
  JSON: 'parse stringify',
};

/** Methods of instances that came after ES2022, and are nothing of ours. */
const METHODS = new Set(
  `toSorted toReversed toSpliced findLast findLastIndex isWellFormed toWellFormed symmetricDifference isSubsetOf isSupersetOf
   isDisjointFrom transferToFixedLength waitAsync toBase64 setFromBase64 setFromHex getOrInsert getOrInsertComputed`.split(
    /\s+/,
  ),
);

/** What is asked for before it is used, with something else in its place: file, and what it may name. */
const GUARDED = {
  'packages/foundation/dist/bytes.js': ['.isWellFormed'],
  'packages/foundation/dist/native/base64.default.js': ['.toBase64', 'Uint8Array.fromBase64'],
};

/**
 * Returns what a file needs beyond the baseline.
 *
 * @param {string} text
 * @returns {string[]} one line each
 */
export function beyondBaseline(text) {
  const file = ts.createSourceFile('x.js', text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const declared = declaredIn(file);
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.Using) !== 0) {
      // `const` and `let` have one bit each, `using` both.
      if ((node.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Using)
        found.add('syntax: using');
      if ((node.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.AwaitUsing) {
        found.add('syntax: await using');
      }
    }
    if (ts.isDecorator(node)) found.add('syntax: decorator');
    if (ts.isImportAttributes(node)) found.add('syntax: import attributes');
    if (node.kind === ts.SyntaxKind.AccessorKeyword) found.add('syntax: accessor');
    if (ts.isRegularExpressionLiteral(node) && /v[a-z]*$/.test(node.text.replace(/^.*\//s, ''))) {
      found.add('syntax: regular expression with the flag v');
    }
    if (ts.isPropertyAccessExpression(node)) {
      const { expression, name } = node;
      if (ts.isIdentifier(expression) && !declared.has(expression.text)) {
        const statics = own(STATICS, expression.text);
        if (statics !== undefined && !statics.split(/\s+/).includes(name.text)) {
          found.add(`${expression.text}.${name.text}`);
        }
        if (expression.text === 'globalThis' && !GLOBALS.has(name.text)) found.add(name.text);
      }
      if (METHODS.has(name.text)) found.add(`.${name.text}`);
    }
    if (ts.isIdentifier(node) && isReference(node) && !declared.has(node.text)) {
      if (!GLOBALS.has(node.text)) found.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...found].sort();
}

/**
 * Returns all names that a file binds; other names belong to the platform.
 *
 * @param {ts.SourceFile} file
 */
function declaredIn(file) {
  const names = new Set(['arguments']);
  /** @param {ts.Node} node */
  const visit = (node) => {
    const binds =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isFunctionExpression(node) ||
      ts.isClassDeclaration(node) ||
      ts.isClassExpression(node) ||
      ts.isImportSpecifier(node) ||
      ts.isImportClause(node) ||
      ts.isNamespaceImport(node);
    if (binds && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

/**
 * Whether an identifier is a variable, and not the name of a member or a label.
 *
 * @param {ts.Identifier} node
 */
function isReference(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isShorthandPropertyAssignment(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent))
    return parent.name !== node;
  if (ts.isGetAccessor(parent) || ts.isSetAccessor(parent)) return false;
  if (ts.isExportSpecifier(parent) || ts.isImportSpecifier(parent)) return false;
  if (ts.isImportAttribute(parent)) return false;
  if (ts.isMetaProperty(parent) || ts.isNamespaceExport(parent)) return false;
  return !(ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent));
}

/**
 * @param {Readonly<Record<string, string>>} table
 * @param {string} name
 */
function own(table, name) {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function check() {
  let passed = 0;
  let failed = 0;
  for (const name of PORTABLE) {
    const folder = join(root, 'packages', name, 'dist');
    const files = existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .map((file) => join(folder, file))
          .filter((file) => file.endsWith('.js') && !NODE_ONLY.test(file.replaceAll('\\', '/')))
      : [];
    const problems = files.flatMap((file) => {
      const path = relative(root, file).replaceAll('\\', '/');
      const guarded = /** @type {Record<string, string[]>} */ (GUARDED)[path] ?? [];
      return beyondBaseline(readFileSync(file, 'utf8'))
        .filter((problem) => !guarded.includes(problem))
        .map((problem) => `  ${path}: ${problem}`);
    });
    // A package without built files is a failure.
    const ok = files.length > 0 && problems.length === 0;
    console.log(`${ok ? 'ok' : 'FAILED'}  @dimp/${name}: ${files.length} files`);
    for (const problem of problems) console.log(problem);
    if (ok) passed += 1;
    else failed += 1;
  }
  summary(passed, failed);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) check();
