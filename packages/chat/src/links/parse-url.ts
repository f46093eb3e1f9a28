/** Reads a URL; undefined for a text that is not one. Safari 17.4 and Chromium 116 have no `URL.parse`. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
