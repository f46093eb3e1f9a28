/** A `fetch`, such as the platform's. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
