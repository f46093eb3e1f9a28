// Uploads and downloads a large file and watches its own memory; see ../check-large-file.mjs.
import { createHash, randomBytes } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFile, httpBlobStore, uploadFile } from '../../packages/client/dist/files.js';

const MIB = 1024 * 1024;
/** Bytes of the whole process, with Node itself and its buffers; a file that is held would be far above. */
const MAX_RSS = 400 * MIB;
const MAX_HEAP = 64 * MIB;

const [url = '', folder = '', mebibytes = '', format = ''] = process.argv.slice(2);
if (format !== 'stream' && format !== 'whole')
  throw new RangeError('the format must be stream or whole');
const size = Number(mebibytes) * MIB;
const path = join(folder, `source-${format}`);
const expected = await writeFile(path);

let heap = 0;
const look = () => {
  heap = Math.max(heap, process.memoryUsage().heapUsed);
};
const blobs = httpBlobStore({ url });
const started = performance.now();
const uploaded = await uploadFile(blobs, await openAsBlob(path), { format, onProgress: look });
const between = performance.now();
const hash = createHash('sha256');
let received = 0;
for await (const bytes of downloadFile(blobs, uploaded)) {
  hash.update(bytes);
  received += bytes.length;
  look();
}
const ended = performance.now();

const rss = process.resourceUsage().maxRSS * 1024;
const rate = (/** @type {number} */ ms) => `${Math.round(size / MIB / (ms / 1000))} MiB/s`;
console.log(
  `${format}: ${mebibytes} MiB, up ${rate(between - started)}, down ${rate(ended - between)}, ` +
    `heap ${Math.round(heap / MIB)} MiB, whole process ${Math.round(rss / MIB)} MiB`,
);
const problems = [
  received !== size && 'length is wrong',
  hash.digest('hex') !== expected && 'bytes are wrong',
  heap > MAX_HEAP && 'heap is too large',
  rss > MAX_RSS && 'process is too large',
].filter((each) => each !== false);
for (const problem of problems) console.error(`${format}: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

/**
 * A file with random bytes in each mebibyte, so that no two are equal, and holes between them.
 *
 * @param {string} target
 * @returns {Promise<string>} SHA-256 in hex
 */
async function writeFile(target) {
  const file = await open(target, 'w');
  const digest = createHash('sha256');
  const piece = Buffer.alloc(MIB);
  for (let start = 0; start < size; start += MIB) {
    randomBytes(64).copy(piece);
    digest.update(piece);
    await file.write(piece, 0, 64, start);
  }
  await file.truncate(size);
  await file.close();
  return digest.digest('hex');
}
