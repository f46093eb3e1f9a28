import { decodeBase64, encodeBase64, isProtocolError } from '@dimp/foundation';
import { keyError } from '../wire/key-error.ts';

/** Maximum length of a PEM text. A private RSA key of 4,096 bits has about 3,300 characters. */
const MAX_LENGTH = 32_768;
/** Maximum number of sections: peers write a public and a private one (spec §2.4). */
const MAX_SECTIONS = 4;
const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';

/**
 * Reads the DER bodies of the PEM sections in a text, with any line ends and widths. Returns no labels, because on the network header
 * and body do not always match: the caller inspects the DER (spec §2.4).
 *
 * @param bare - whether a text without a header is read as one body
 * @throws `crypto/key` for text that is not PEM
 */
export function readPem(text: string, bare = false): readonly Uint8Array[] {
  if (text.length > MAX_LENGTH) throw keyError('text is too long');
  const bodies: Uint8Array[] = [];
  let begin = text.indexOf(BEGIN);
  if (begin < 0) {
    if (!bare) throw keyError('must be PEM text');
    return [decodeBody(text)];
  }
  while (begin >= 0) {
    if (bodies.length === MAX_SECTIONS) throw keyError('has too many PEM sections');
    const start = text.indexOf(DASHES, begin + BEGIN.length);
    const end = start < 0 ? -1 : text.indexOf(END, start + DASHES.length);
    if (end < 0) throw keyError('has a PEM section without its end line');
    bodies.push(decodeBody(text.slice(start + DASHES.length, end)));
    begin = text.indexOf(BEGIN, end + END.length);
  }
  return bodies;
}

/**
 * Writes DER as PEM with LF and lines of 64 columns (RFC 7468 §2), without a final newline: the layout that every peer reads (spec
 * §2.4).
 */
export function writePem(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return [`${BEGIN}${label}${DASHES}`, ...lines, `${END}${label}${DASHES}`].join('\n');
}

function decodeBody(text: string): Uint8Array {
  try {
    const body = decodeBase64(text);
    if (body.length > 0) return body;
  } catch (error) {
    // Without the cause, because an error must not reveal anything about a private key.
    if (!isProtocolError(error)) throw error;
  }
  throw keyError('has a PEM body that is not Base64');
}
