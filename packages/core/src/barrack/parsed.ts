import { canVerify, type Key } from '@dimp/crypto';
import { callForeign, equalJson, type JsonObject } from '@dimp/foundation';
import type { Document, Meta } from '@dimp/mkm';

/** Whether a value is a parsed meta, and not JSON that looks like one. */
export function isMeta(meta: Meta | JsonObject): meta is Meta {
  // JSON cannot hold a function. A peer can forge everything else in a meta.
  return 'wire' in meta && isKey(meta.key) && canVerify(meta.key);
}

/** Whether a value is a parsed document, and not JSON that looks like one. */
export function isDocument(document: Document | JsonObject): document is Document {
  return 'wire' in document && document['signature'] instanceof Uint8Array;
}

/** Whether two metas are equal apart from signature and spelling. */
export function sameMeta(a: Meta, b: Meta): boolean {
  if (a.type !== b.type || a.seed !== b.seed) return false;
  return callForeign({ code: 'crypto/key', message: 'keys cannot be compared' }, () =>
    equalJson(a.key.toWire(), b.key.toWire()),
  );
}

function isKey(key: unknown): key is Key {
  return typeof key === 'object' && key !== null;
}
