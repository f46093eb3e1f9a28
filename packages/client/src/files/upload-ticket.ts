import { fieldError, type JsonObject } from '@dimp/foundation';
import {
  bytes,
  jsonObject,
  literal,
  number,
  object,
  optional,
  parseWith,
  type Schema,
  string,
} from '@dimp/foundation/schema';
import type { FileFormat } from './file-location.ts';

/** State that an upload needs to resume after a restart. */
export interface UploadFacts {
  readonly format: FileFormat;
  /** Name on the server. */
  readonly name: string;
  /** Name for the receiver. */
  readonly filename: string;
  readonly key: JsonObject;
  readonly IV?: Uint8Array;
  readonly size: number;
  readonly sha256: Uint8Array;
}

/**
 * JSON that resumes an upload, also after a restart of the program. It holds the key of the file: protect it like the
 * file, in an encrypted store.
 */
export type UploadTicket = JsonObject;

const ticket: Schema<UploadFacts> = /* @__PURE__ */ object({
  format: literal('stream', 'whole'),
  name: string,
  filename: string,
  key: jsonObject,
  IV: optional(bytes),
  size: number,
  sha256: bytes,
}) as Schema<UploadFacts>;

/** @throws `format/field` if it is not a ticket */
export function readTicket(wire: UploadTicket): UploadFacts {
  const facts = parseWith(ticket, wire, 'ticket');
  if (!/^[0-9a-z.]{1,64}$/.test(facts.name))
    throw fieldError('name', 'must be the name of an upload');
  return facts;
}

export function writeTicket(facts: UploadFacts): UploadTicket {
  return ticket.encode(facts) as UploadTicket;
}
