import type { ReceiptBody } from '@dimp/endpoint';
import { encodeBase64 } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { CopyRef } from './outgoing-message.ts';

/** Finds the copies that a receipt is for, by the signature it names, else by serial number (spec §9.6). */
export class ReceiptIndex {
  readonly #bySignature = new Map<string, CopyRef[]>();
  readonly #bySerial = new Map<number, CopyRef[]>();

  add(ref: CopyRef): void {
    for (const signature of signaturesOf(ref)) append(this.#bySignature, signature, ref);
    append(this.#bySerial, ref.outgoing.content.sn, ref);
  }

  remove(ref: CopyRef): void {
    for (const signature of signaturesOf(ref)) drop(this.#bySignature, signature, ref);
    drop(this.#bySerial, ref.outgoing.content.sn, ref);
  }

  /**
   * Finds the copies that a receipt confirms.
   *
   * @param receiver - the receiver of the receipt, who is the sender of the copies
   */
  find(origin: NonNullable<ReceiptBody['origin']>, receiver: ID): readonly CopyRef[] {
    const { signature, sn = 0 } = origin;
    const all =
      signature === undefined
        ? this.#bySerial.get(sn)
        : this.#bySignature.get(encodeBase64(signature));
    const found = (all ?? []).filter(({ outgoing }) =>
      sameEntity(outgoing.record.sender, receiver),
    );
    // An edit has the serial number of its original: a receipt that names nothing else may be for either.
    const isClear = new Set(found.map(({ outgoing }) => outgoing)).size <= 1;
    return signature !== undefined || isClear ? found : [];
  }
}

/** Signatures of a copy and of its earlier forms. */
function signaturesOf({ outgoing, index }: CopyRef): readonly string[] {
  const { signature, former = [] } = outgoing.copy(index);
  return signature === undefined ? former : [...former, signature];
}

function append<K>(map: Map<K, CopyRef[]>, key: K, ref: CopyRef): void {
  const refs = map.get(key);
  if (refs === undefined) map.set(key, [ref]);
  else refs.push(ref);
}

function drop<K>(map: Map<K, CopyRef[]>, key: K, ref: CopyRef): void {
  const left = (map.get(key) ?? []).filter(
    (each) => each.outgoing !== ref.outgoing || each.index !== ref.index,
  );
  if (left.length === 0) map.delete(key);
  else map.set(key, left);
}
