/** Maximum length of an address that is not an IP address, such as the path of a socket. */
const MAX_NAME = 64;

/**
 * Returns the key for limits by address: an IPv4 address itself, also inside IPv6; of an IPv6 address the first 64 bits, the smallest
 * block of one customer. With single addresses, one customer could be 2⁶⁴ strangers.
 *
 * @param address - as the socket reports it
 */
export function addressKey(address: string): string {
  const [plain = ''] = address.split('%', 1);
  if (!plain.includes(':')) return plain.slice(0, MAX_NAME);
  const groups = readGroups(plain);
  if (groups === undefined) return plain.slice(0, MAX_NAME);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const mapped = (a | b | c | d | e) === 0 && f === 0xffff;
  if (mapped) return [g >> 8, g & 0xff, h >> 8, h & 0xff].join('.');
  return `${[a, b, c, d].map((group) => group.toString(16)).join(':')}::/64`;
}

/**
 * Returns the network of an address, for limits shared by many addresses of one owner: the first 48 bits of IPv6, a block that one
 * customer may have. IPv4 addresses are too scarce for that and are returned unchanged.
 *
 * @param key - a result of {@link addressKey}
 */
export function networkKey(key: string): string {
  if (!key.endsWith('::/64')) return key;
  return `${key.split(':').slice(0, 3).join(':')}::/48`;
}

/** Reads the eight groups of an IPv6 address; undefined for any other text. */
function readGroups(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(readHalf);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  const zeros = new Array<number>(8 - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}

function readHalf(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const read = isLast && part.includes('.') ? readDotted(part) : readGroup(part);
    if (read === undefined) return undefined;
    groups.push(...read);
  }
  return groups;
}

function readGroup(text: string): readonly number[] | undefined {
  return /^[0-9a-f]{1,4}$/i.test(text) ? [Number.parseInt(text, 16)] : undefined;
}

/** The last 32 bits may be written as an IPv4 address. */
function readDotted(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  if (Math.max(a, b, c, d) > 255) return undefined;
  return [(a << 8) | b, (c << 8) | d];
}
