import { utf8Decode } from './bytes.ts';
import { ProtocolError } from './error.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Returns where the members of the outermost JSON object begin: the byte offset of the opening quote of each name.
 *
 * @param json - UTF-8 of an object that {@link parseJsonObject} reads
 * @throws `format/json` if a name occurs twice: an attacker who can change a part of the text must not decide which of the
 *   two counts
 */
export function memberPositions(json: Uint8Array): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  let depth = 0;
  let atName = false;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case QUOTE: {
        const end = endOfString(json, i);
        if (depth === 1 && atName) {
          const name = readName(json.subarray(i, end + 1));
          if (positions.has(name)) {
            throw new ProtocolError(
              'format/json',
              'a JSON object must not have the same member twice',
            );
          }
          positions.set(name, i);
        }
        atName = false;
        i = end;
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        depth += 1;
        atName = depth === 1;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1;
        break;
      case 0x2c: // ,
        atName = depth === 1;
        break;
      default:
    }
  }
  return positions;
}

/** Unescapes a name: `"\u0074ime"` is `time`. */
function readName(quoted: Uint8Array): string {
  return plainName(quoted) ?? String(JSON.parse(utf8Decode(quoted)));
}

/** Longest name that is read without the JSON parser. */
const MAX_PLAIN = 32;

/** Nearly all names are a few letters: reading them here takes a tenth of the time. */
function plainName(quoted: Uint8Array): string | undefined {
  if (quoted.length > MAX_PLAIN) return undefined;
  let name = '';
  for (let i = 1; i < quoted.length - 1; i++) {
    const byte = quoted[i] as number;
    if (byte < 0x20 || byte >= 0x80 || byte === BACKSLASH) return undefined;
    name += String.fromCharCode(byte);
  }
  return name;
}

function endOfString(json: Uint8Array, start: number): number {
  let end = json.indexOf(QUOTE, start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (json[end - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = json.indexOf(QUOTE, end + 1);
  }
  return json.length;
}
