import { ERRORS, type ErrorCode, type JsonObject } from '@dimp/foundation';

/** Why a message goes no further, and what its sender is told. Thrown within the ingress, and never out of it. */
export class Refused extends Error {
  override readonly name: string = 'Refused';
  readonly code: ErrorCode;
  /** Text of the receipt, or its template. */
  readonly text: string;
  /** What stands in the places of the template. */
  readonly replacements: JsonObject | undefined;

  constructor(code: ErrorCode, text: string = ERRORS[code].receipt, replacements?: JsonObject) {
    super(code);
    this.code = code;
    this.text = text;
    this.replacements = replacements;
  }
}
