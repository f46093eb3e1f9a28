/**
 * Full-text search over messages: tokens, and an index in any store.
 *
 * @module
 */
export type { TermQuery } from './search/query.ts';
export {
  type DeleteOptions,
  type IndexedMessage,
  type IndexHit,
  type IndexQuery,
  SearchIndex,
  type SearchIndexOptions,
} from './search/search-index.ts';
export { fold, type QueryTerms, queryTermsOf, TOKEN_RULES, termsOf } from './search/tokens.ts';
