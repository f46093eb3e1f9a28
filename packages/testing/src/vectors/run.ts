import { isProtocolError, type Json, type JsonObject } from '@dimp/foundation';
import type { VectorAccounts, VectorCase, VectorFile } from './case.ts';
import { difference, exactDifference } from './compare.ts';
import { type VectorContext, type VectorOperations, vectorContext } from './context.ts';
import { coreOperations } from './core-operations.ts';
import { cryptoOperations } from './crypto-operations.ts';
import { dkdOperations } from './dkd-operations.ts';
import { mkmOperations } from './mkm-operations.ts';
import { transportOperations } from './transport-operations.ts';

const OPERATIONS: VectorOperations = {
  ...cryptoOperations,
  ...mkmOperations,
  ...dkdOperations,
  ...coreOperations,
  ...transportOperations,
};

/** Members that the pipeline does not expose; their effect is compared instead (vectors README, `core`). */
const HIDDEN: ReadonlySet<string> = /* @__PURE__ */ new Set(['key', 'iv_b64', 'content_utf8']);

/** Result of one case. */
export interface VectorResult {
  readonly id: string;
  readonly passed: boolean;
  /** Why it failed. */
  readonly reason?: string;
}

/** Runs the cases of one set of accounts. */
export class VectorRunner {
  readonly #context: VectorContext;
  readonly #operations: VectorOperations;

  /** @param more - further operations, such as `chatOperations` of `@dimp/testing/vectors/chat` */
  constructor(accounts: VectorAccounts, more: VectorOperations = {}) {
    this.#context = vectorContext(accounts);
    this.#operations = { ...OPERATIONS, ...more };
  }

  /** Runs one case. Never throws. */
  async run(vector: VectorCase): Promise<VectorResult> {
    const reason = await this.#judge(vector);
    return reason === undefined
      ? { id: vector.id, passed: true }
      : { id: vector.id, passed: false, reason };
  }

  /** Runs all cases of a file. */
  async runFile(file: VectorFile): Promise<readonly VectorResult[]> {
    const results: VectorResult[] = [];
    for (const vector of file.cases) results.push(await this.run(vector));
    return results;
  }

  async #judge({ input, expect, error }: VectorCase): Promise<string | undefined> {
    const operation = this.#operations[input.op];
    if (operation === undefined) return `unknown operation "${input.op}"`;
    let actual: JsonObject;
    try {
      actual = await operation(input, this.#context);
    } catch (thrown) {
      if (!isProtocolError(thrown)) return `threw ${String(thrown)}`;
      return thrown.code === error
        ? undefined
        : `expected ${error ?? 'a result'}, got ${thrown.code}: ${thrown.message}`;
    }
    if (error !== undefined) {
      const refused = error === 'crypto/signature' && actual['valid'] === false;
      return refused ? undefined : `expected ${error}, got a result`;
    }
    return expect === undefined ? 'case has neither result nor error' : judgeResult(expect, actual);
  }
}

function judgeResult(expect: JsonObject, actual: JsonObject): string | undefined {
  // A reading must not have more members than expected either.
  if ('fields' in expect) return exactDifference(expect, actual);
  if ('value' in expect) return exactDifference(expect['value'] ?? null, actual['value']);
  return difference(withoutHidden(expect), actual);
}

function withoutHidden(expect: JsonObject): JsonObject {
  const shown: Record<string, Json> = {};
  for (const [name, value] of Object.entries(expect)) {
    if (HIDDEN.has(name)) continue;
    shown[name] = withoutHiddenIn(name, value ?? null);
  }
  return shown;
}

/** Results of sequences and captured messages contain results of `message.open`. */
function withoutHiddenIn(name: string, value: Json): Json {
  if (name === 'open') return withoutHidden(value as JsonObject);
  if ((name === 'results' || name === 'messages') && Array.isArray(value)) {
    return value.map((each: Json) =>
      typeof each === 'object' && each !== null && 'content' in each
        ? withoutHidden(each as JsonObject)
        : typeof each === 'object' && each !== null && 'open' in each
          ? withoutHidden(each as JsonObject)
          : each,
    );
  }
  return value;
}
