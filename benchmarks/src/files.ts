import { downloadFile, type FileFormat, uploadFile } from '@dimp/client/files';
import type { BlobStore } from '@dimp/core';
import type { Suite } from './suite.ts';

const MIB = 1024 * 1024;
const SIZE = 8 * MIB;
/** Bytes that are encrypted at a time, as in our own format. */
const CHUNK = 256 * 1024;

/** Files against their bare encryption and digest by WebCrypto, in the same pieces and without a network. */
export const files: Suite = async (bench) => {
  const plaintext = new Uint8Array(SIZE).map((_, index) => index);
  const file = new Blob([plaintext]);
  for (const format of ['stream', 'whole'] as const) {
    const server = inMemory();
    const bare = await bareCipher(format, plaintext);
    await bench.compare(`files/upload/${format}/8MiB`, () => uploadFile(server, file, { format }), {
      bare: bare.encrypt,
    });
    // The server keeps the last one only.
    const uploaded = await uploadFile(server, file, { format });
    await bench.compare(`files/download/${format}/8MiB`, () => drain(server, uploaded), {
      bare: bare.decrypt,
    });
  }
};

async function drain(server: BlobStore, location: Parameters<typeof downloadFile>[1]) {
  let received = 0;
  for await (const bytes of downloadFile(server, location)) received += bytes.length;
  if (received !== SIZE) throw new Error('bytes are missing');
}

/** A server that keeps the last file, in the parts that an HTTP store sends. */
function inMemory(): BlobStore {
  const parts: Uint8Array[] = [];
  return {
    async upload(source) {
      parts.length = 0;
      for (let start = 0; start < source.size; start += 4 * MIB) {
        parts.push(await source.read(start, Math.min(start + 4 * MIB, source.size)));
      }
      return 'memory://last';
    },
    async *download() {
      for (const part of parts) {
        for (let at = 0; at < part.length; at += 65_536) yield part.subarray(at, at + 65_536);
      }
    },
  };
}

async function bareCipher(format: FileFormat, plaintext: Uint8Array<ArrayBuffer>) {
  const name = format === 'stream' ? 'AES-GCM' : 'AES-CBC';
  const { subtle } = crypto;
  const key = await subtle.generateKey({ name, length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = new Uint8Array(format === 'stream' ? 12 : 16);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < SIZE; at += CHUNK) pieces.push(plaintext.slice(at, at + CHUNK));
  const sealed: ArrayBuffer[] = [];
  for (const piece of pieces) sealed.push(await subtle.encrypt({ name, iv }, key, piece));
  return {
    encrypt: async () => {
      await subtle.digest('SHA-256', plaintext);
      for (const piece of pieces) await subtle.encrypt({ name, iv }, key, piece);
    },
    decrypt: async () => {
      for (const piece of sealed) await subtle.decrypt({ name, iv }, key, piece);
      await subtle.digest('SHA-256', plaintext);
    },
  };
}
