import { type Clock, createProtocol, type Protocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';
import type { JsonObject } from '@dimp/foundation';
import type { VectorAccounts } from './case.ts';

/** Context of operations. */
export interface VectorContext {
  readonly protocol: Protocol;
  readonly accounts: VectorAccounts;
}

/** One operation of the vectors. It returns members to compare, or throws. */
export type VectorOperation = (
  input: JsonObject,
  context: VectorContext,
) => JsonObject | Promise<JsonObject>;

/** Operations by name. */
export type VectorOperations = Readonly<Record<string, VectorOperation>>;

/** The protocol with all plug-ins of this repository. */
export function vectorContext(accounts: VectorAccounts): VectorContext {
  return { protocol: createProtocol(standard()) as unknown as Protocol, accounts };
}

/** A clock that stands still. */
export function clockAt(input: JsonObject): Clock {
  const now = input['now'];
  const time = typeof now === 'number' ? now : Number.NaN;
  if (Number.isNaN(time)) throw new TypeError('vector input "now" must be a number');
  return { now: () => time * 1000 };
}
