import type { Fetch } from './fetch.ts';

/** Browsers do not show what a name resolves to, so their own rules must suffice. */
export const publicFetch: Fetch = (url, init) => fetch(url, init);
