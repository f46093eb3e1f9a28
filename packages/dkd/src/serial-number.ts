/** Largest serial number: 2³¹ − 1, which every generation of peers can hold (spec §1.8). */
export const MAX_SERIAL_NUMBER = 0x7fffffff;

/**
 * Makes a generator of serial numbers: a random start, then one more for each content, back to 1 after
 * {@link MAX_SERIAL_NUMBER} (spec §1.8). A serial number identifies a content in its conversation; it is no nonce.
 */
export function serialNumbers(): () => number {
  let last = (crypto.getRandomValues(new Uint32Array(1))[0] as number) % MAX_SERIAL_NUMBER;
  return () => {
    last = last >= MAX_SERIAL_NUMBER ? 1 : last + 1;
    return last;
  };
}
