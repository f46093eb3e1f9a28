/** Whether a value is an object of plain data: neither a list, nor an instance of a class such as `Uint8Array` and `Blob`. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
