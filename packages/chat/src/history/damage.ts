import { isProtocolError, type MaybePromise } from '@dimp/foundation';

/** Called for a record that cannot be read; it stays where it is and does not hide others. */
export type OnDamaged = (error: unknown) => void;

/** Reads a record. @returns undefined for a damaged one, which is reported */
export async function unlessDamaged<T>(
  read: () => MaybePromise<T>,
  onDamaged?: OnDamaged,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isProtocolError(error, 'store/corrupt')) throw error;
    onDamaged?.(error);
    return undefined;
  }
}
