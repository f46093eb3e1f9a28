/**
 * Full-text search over messages: the search of `Chats`, and the index and the tokens below it for other uses.
 *
 * @module
 */
export { type MessageSearchOptions, messageSearch } from './search/history/message-search.ts';
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
