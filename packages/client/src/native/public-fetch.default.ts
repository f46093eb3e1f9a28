import type { Fetch } from './fetch.ts';

/** Where a program cannot see what a name resolves to, as in browsers, the platform's own rules have to do. */
export const publicFetch: Fetch = (url, init) => fetch(url, init);
