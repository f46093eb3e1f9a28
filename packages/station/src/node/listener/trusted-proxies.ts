import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { RemoteAddress } from '@dimp/core/transport';

/** Most addresses of an X-Forwarded-For list that are read. */
const MAX_HOPS = 32;

/** Proxies in front of the station whose headers are trusted for the origin of a request. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /**
   * @param addresses - addresses, or networks such as `10.0.0.0/8`
   * @throws `RangeError` for anything else
   */
  constructor(addresses: readonly string[] = []) {
    for (const each of addresses) {
      const [address = '', bits] = each.split('/', 2);
      const version = isIP(address);
      const length = bits === undefined ? undefined : Number(bits);
      const longest = version === 4 ? 32 : 128;
      const fits = length === undefined || (/^\d{1,3}$/.test(bits ?? '') && length <= longest);
      if (version === 0 || !fits)
        throw new RangeError(`trustedProxies must list addresses or networks, not "${each}"`);
      const family = version === 4 ? 'ipv4' : 'ipv6';
      if (length === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, length, family);
    }
  }

  /** Whether an address belongs to a trusted proxy. */
  includes(address: string): boolean {
    const plain = withoutMapping(address);
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }

  /**
   * Returns where a request comes from. Each proxy appends the address of its peer to the list, so only the end of the
   * list can be trusted.
   */
  clientOf({ headers }: Pick<IncomingMessage, 'headers'>, socket: RemoteAddress): RemoteAddress {
    if (!this.includes(socket.address)) return socket;
    const header = headers['x-forwarded-for'];
    const hops = (typeof header === 'string' ? header : '').split(',').slice(-MAX_HOPS);
    let { address } = socket;
    while (hops.length > 0 && this.includes(address)) {
      const hop = addressOfHop(hops.pop() ?? '');
      // The proxy does not know the address, or does not send it: its clients share the limits of its own address.
      if (hop === undefined) break;
      address = hop;
    }
    const secure = headers['x-forwarded-proto'] === 'https';
    return { address, port: address === socket.address ? socket.port : 0, secure };
  }
}

/**
 * Returns the address in an item of X-Forwarded-For. Proxies write it in several forms: alone, with a port, an IPv6
 * address in brackets, or in quotes as in Forwarded (RFC 7239 §6).
 *
 * @returns undefined for `unknown`, a name, and other text
 */
export function addressOfHop(item: string): string | undefined {
  const text = item.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, dotted] = /^(\d+\.\d+\.\d+\.\d+)(?::\d{1,5})?$/.exec(text) ?? [];
  const address = bracketed ?? dotted ?? text;
  const version = isIP(address);
  return version === 0 || (bracketed !== undefined && version !== 6) ? undefined : address;
}

function withoutMapping(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
