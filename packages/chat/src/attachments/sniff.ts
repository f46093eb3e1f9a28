/** What the first bytes of a file may be. `?` stands for any byte. */
const SIGNATURES: readonly (readonly [start: string, type: string])[] = [
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['RIFF????WEBP', 'image/webp'],
  ['????ftypavif', 'image/avif'],
  ['????ftypheic', 'image/heic'],
  ['????ftypM4A', 'audio/mp4'],
  ['????ftypqt', 'video/quicktime'],
  ['????ftyp', 'video/mp4'],
  ['\x1a\x45\xdf\xa3', 'video/webm'],
  ['OggS', 'audio/ogg'],
  ['RIFF????WAVE', 'audio/wav'],
  ['fLaC', 'audio/flac'],
  ['ID3', 'audio/mpeg'],
  ['\xff\xfb', 'audio/mpeg'],
  ['\xff\xf3', 'audio/mpeg'],
  ['\xff\xf1', 'audio/aac'],
  ['#!AMR', 'audio/amr'],
  ['%PDF-', 'application/pdf'],
  ['PK\x03\x04', 'application/zip'],
];

/** Longest signature. */
const LONGEST = 16;

/**
 * Media type of a file by its first bytes. The type that a sender writes is never used: a browser would run a page of scripts.
 * Files of other kinds, pages and drawings with scripts among them, are `application/octet-stream`.
 */
export function sniffType(bytes: Uint8Array): string {
  const start = String.fromCharCode(...bytes.subarray(0, LONGEST));
  const found = SIGNATURES.find(([signature]) =>
    [...signature].every((character, at) => character === '?' || start[at] === character),
  );
  return found?.[1] ?? 'application/octet-stream';
}
