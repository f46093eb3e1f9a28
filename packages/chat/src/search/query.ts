/** What a search asks the index for. A query without any terms finds nothing. */
export interface TermQuery {
  /** Terms that a message must have, all of them. */
  readonly terms: readonly string[];
  /** The beginning of one more term. */
  readonly prefix?: string;
  /** Sets of terms; of each set, a message must have one. */
  readonly anyOf?: readonly (readonly string[])[];
}
