import { type Json, type JsonObject, stringifyJson } from '@dimp/foundation';

/**
 * Compares a result with an expectation: every expected member must be there, `null` means absent, other members are
 * ignored, and lists must be equal element by element.
 *
 * @returns the first difference, or undefined
 */
export function difference(
  expected: Json,
  actual: Json | undefined,
  path = '',
): string | undefined {
  if (expected === null)
    return actual === null || actual === undefined ? undefined : differs(path, expected, actual);
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return differs(path, expected, actual);
    return first(
      expected.map((each, i) => difference(each as Json, actual[i] as Json, `${path}[${i}]`)),
    );
  }
  if (typeof expected === 'object') {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) {
      return differs(path, expected, actual);
    }
    return first(
      Object.entries(expected).map(([name, value]) =>
        difference(value ?? null, (actual as JsonObject)[name], `${path}.${name}`),
      ),
    );
  }
  return expected === actual ? undefined : differs(path, expected, actual);
}

/** Compares exactly: unexpected members count as a difference. */
export function exactDifference(
  expected: Json,
  actual: Json | undefined,
  path = '',
): string | undefined {
  return (
    difference(expected, actual, path) ??
    difference(actual ?? null, expected, `${path} (unexpected)`)
  );
}

function first(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((each) => each !== undefined);
}

function differs(path: string, expected: Json, actual: Json | undefined): string {
  const show = (value: Json | undefined): string =>
    value === undefined ? 'nothing' : stringifyJson(value).slice(0, 200);
  return `${path || 'result'}: expected ${show(expected)}, got ${show(actual)}`;
}
