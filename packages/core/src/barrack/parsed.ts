import { canVerify, type Key } from '@dimp/crypto';
import { callForeign, equalJson, type JsonObject } from '@dimp/foundation';
import type { Document, Meta } from '@dimp/mkm';

/** Tells a meta that we have read from JSON that looks like one. */
export function isMeta(meta: Meta | JsonObject): meta is Meta {
  // A function is what JSON cannot hold: everything else in a meta can be made up by a peer.
  return 'wire' in meta && isKey(meta.key) && canVerify(meta.key);
}

/** Tells a document that we have read from JSON that looks like one. */
export function isDocument(document: Document | JsonObject): document is Document {
  return 'wire' in document && document['signature'] instanceof Uint8Array;
}

/** Whether two metas say the same, however their signatures or spellings differ. */
export function sameMeta(a: Meta, b: Meta): boolean {
  if (a.type !== b.type || a.seed !== b.seed) return false;
  return callForeign({ code: 'crypto/key', message: 'keys cannot be compared' }, () =>
    equalJson(a.key.toWire(), b.key.toWire()),
  );
}

function isKey(key: unknown): key is Key {
  return typeof key === 'object' && key !== null;
}
