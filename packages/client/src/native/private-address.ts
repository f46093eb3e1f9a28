/** Suffixes of names that only a private network resolves (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`). */
const PRIVATE_NAMES = ['localhost', 'local', 'internal', 'home.arpa', 'lan', 'intranet', 'corp'];

/**
 * Returns whether the host of a URL is not public: a private, loopback, link-local or otherwise special address (RFC
 * 6890), or a name that only a private network resolves. Does not check what a public name resolves to.
 *
 * @param hostname - as in {@link URL.hostname}, which normalizes the spellings of an address
 */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host.startsWith('[') || /^[\d.]+$/.test(host)) return !isPublicAddress(host);
  return (
    !host.includes('.') || PRIVATE_NAMES.some((name) => host === name || host.endsWith(`.${name}`))
  );
}

/** Returns whether an IPv4 or IPv6 address is public. Text that is not an address is not public. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const four = readIPv4(bare);
  if (four !== undefined) return isPublicIPv4(four);
  const six = readIPv6(bare);
  return six !== undefined && isPublicIPv6(six);
}

/** Special blocks of IPv4: first address and length of the prefix in bits. */
const SPECIAL: readonly (readonly [number, number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0000000, 24],
  [0xc0000200, 24],
  [0xc0586300, 24],
  [0xc0a80000, 16],
  [0xc6120000, 15],
  [0xc6336400, 24],
  [0xcb007100, 24],
  [0xe0000000, 3],
];

function isPublicIPv4(address: number): boolean {
  return !SPECIAL.some(([first, bits]) => address >>> (32 - bits) === first >>> (32 - bits));
}

/** Global unicast is 2000::/3; addresses that contain an IPv4 address are judged by it. */
function isPublicIPv6(groups: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const last = g * 0x1_0000 + h;
  // IPv4-mapped ::ffff:0:0/96, and NAT64 64:ff9b::/96.
  const mapped = a === 0 && b === 0 && c === 0 && d === 0 && e === 0 && f === 0xffff;
  const translated = a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0;
  if (mapped || translated) return isPublicIPv4(last);
  // 6to4 goes to the IPv4 address inside.
  if (a === 0x2002) return isPublicIPv4(b * 0x1_0000 + c);
  // Teredo and other special blocks of 2001::/23, documentation, and 3fff::/20.
  if (a === 0x2001 && (b < 0x200 || b === 0xdb8)) return false;
  if (a === 0x3fff && b < 0x1000) return false;
  return a >>> 13 === 1;
}

function readIPv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

/** @returns the eight groups */
function readIPv6(text: string): readonly number[] | undefined {
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  const four = dotted?.[2]?.includes('.') ? readIPv4(dotted[2]) : undefined;
  const plain =
    four === undefined
      ? text
      : `${dotted?.[1]}${(four >>> 16).toString(16)}:${(four & 0xffff).toString(16)}`;
  const [head = '', tail, more] = plain.split('::');
  if (more !== undefined) return undefined;
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.map((group) => Number.parseInt(group, 16));
}
