/** Largest serial number, 2³¹ − 1, which peers of every generation can hold (spec §1.8). */
export const MAX_SERIAL_NUMBER = 0x7fffffff;

/**
 * Creates a generator of serial numbers. It starts at random, adds one for each content, and continues with 1 after
 * {@link MAX_SERIAL_NUMBER} (spec §1.8). A serial number identifies a content in its conversation. It is not a nonce.
 */
export function serialNumbers(): () => number {
  let last = (crypto.getRandomValues(new Uint32Array(1))[0] as number) % MAX_SERIAL_NUMBER;
  return () => {
    last = last >= MAX_SERIAL_NUMBER ? 1 : last + 1;
    return last;
  };
}
