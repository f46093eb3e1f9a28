import { sha256 } from '@dimp/crypto/digests';
import { LruMap, utf8Encode } from '@dimp/foundation';

/** The payer of a stored message, as written in its record: digests, because names may be long. */
export interface StoredPayer {
  readonly sender: string;
  readonly address: string;
  readonly network: string;
  /** Whether the station had never seen the receiver. */
  readonly unseen: boolean;
}

/** Bytes of a digest: enough that finding an identity with the digest of another one costs too much. */
const TAG_BYTES = 6;
/** Bytes of a payer in a record. */
export const PAYER_BYTES: number = 3 * TAG_BYTES + 1;
const RADIX = 36;

const known = /* @__PURE__ */ new LruMap<string, string>(16_384);

/** Returns the digest of a name. */
export function tagOf(name: string): string {
  let tag = known.get(name);
  if (tag === undefined) {
    tag = readTag(sha256(utf8Encode(name)), 0);
    known.set(name, tag);
  }
  return tag;
}

/** Writes a payer into a record. */
export function writePayer(payer: StoredPayer, record: Uint8Array, at: number): void {
  let position = at;
  for (const tag of [payer.sender, payer.address, payer.network]) {
    let value = Number.parseInt(tag, RADIX);
    for (let i = TAG_BYTES - 1; i >= 0; i--) {
      record[position + i] = value % 256;
      value = Math.floor(value / 256);
    }
    position += TAG_BYTES;
  }
  record[position] = payer.unseen ? 1 : 0;
}

/** Reads a payer written by {@link writePayer}. */
export function readPayer(record: Uint8Array, at: number): StoredPayer {
  return {
    sender: readTag(record, at),
    address: readTag(record, at + TAG_BYTES),
    network: readTag(record, at + 2 * TAG_BYTES),
    unseen: record[at + 3 * TAG_BYTES] === 1,
  };
}

function readTag(bytes: Uint8Array, at: number): string {
  let value = 0;
  for (let i = 0; i < TAG_BYTES; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value.toString(RADIX);
}
