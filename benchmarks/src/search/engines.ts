import { queryTermsOf, termsOf } from '@dimp/chat/search';
import FlexSearch from 'flexsearch';
import MiniSearch from 'minisearch';
import type { CorpusMessage } from './corpus.ts';

/** A search library in memory, with our tokens. */
export interface Engine {
  readonly name: string;
  add(message: CorpusMessage, at: number): void;
  /** The first 50 hits. */
  search(query: string): unknown;
  /** Bytes of the whole index as it would be stored. */
  size(): Promise<number>;
}

/** MiniSearch; every word must occur, the last one may be unfinished. */
export function miniSearch(): Engine {
  const index = new MiniSearch({
    fields: ['text'],
    tokenize: (text) => [...termsOf(text)],
    processTerm: (term) => term,
  });
  return {
    name: 'MiniSearch',
    add: ({ text }, at) => index.add({ id: at, text }),
    search(query) {
      const { terms, prefix } = queryTermsOf(query);
      const all = [...terms, ...(prefix === undefined ? [] : [prefix])];
      return index
        .search(query, {
          tokenize: () => all,
          combineWith: 'AND',
          prefix: (term) => term === prefix,
        })
        .slice(0, 50);
    },
    size: async () => JSON.stringify(index).length,
  };
}

/** FlexSearch. Its beginnings of words cost memory for each, so that it finds whole words only here. */
export function flexSearch(): Engine {
  const index = new FlexSearch.Index({
    tokenize: 'strict',
    encode: (text: string) => [...termsOf(text)],
  });
  return {
    name: 'FlexSearch',
    add: ({ text }, at) => void index.add(at, text),
    search: (query) => index.search(query, { limit: 50 }),
    async size() {
      let size = 0;
      await index.export((_key: string, data: unknown) => {
        size += String(data ?? '').length;
      });
      return size;
    },
  };
}
