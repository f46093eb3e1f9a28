import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPrivateHost, isPublicAddress } from '../src/native/private-address.ts';

const hostOf = (url: string): string => new URL(url).hostname;

describe('hosts that are no public ones', () => {
  test.each([
    'http://localhost/',
    'http://LOCALHOST./',
    'http://a.localhost/',
    'http://router/',
    'http://nas.local/',
    'http://db.internal/',
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://017700000001/',
    'http://0.0.0.0/',
    'http://10.1.2.3/',
    'http://100.64.0.1/',
    'http://169.254.169.254/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://198.18.0.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[::]/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a00:1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://[64:ff9b:1::1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001::1]/',
    'http://[2001:db8::1]/',
    'http://[fc00::1]/',
    'http://[fd12:3456::1]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
  ])('%s', (url) => {
    expect(isPrivateHost(hostOf(url))).toBe(true);
  });

  test.each([
    'http://example.org/',
    'http://localhost.example.org/',
    'http://8.8.8.8/',
    'http://172.15.0.1/',
    'http://172.32.0.1/',
    'http://100.63.0.1/',
    'http://[2606:4700::1111]/',
    'http://[::ffff:8.8.8.8]/',
    'http://[64:ff9b::8.8.8.8]/',
    'http://[2002:808:808::]/',
  ])('and %s is one', (url) => {
    expect(isPrivateHost(hostOf(url))).toBe(false);
  });

  test('addresses as a resolver tells them', () => {
    for (const address of ['::ffff:192.168.0.1', 'fe80::1%eth0', '::1', '0:0:0:0:0:0:0:1', '']) {
      expect(isPublicAddress(address)).toBe(false);
    }
    expect(isPublicAddress('2a00:1450:4001:81b::200e')).toBe(true);
  });

  test('every spelling of an address that a URL takes is judged alike', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const mapped = hostOf(`http://[::ffff:${address}]/`);
        const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
        const spelled = hostOf(`http://${number}/`);
        expect(isPrivateHost(mapped)).toBe(!isPublicAddress(address));
        expect(isPrivateHost(spelled)).toBe(!isPublicAddress(address));
      }),
    );
  });

  test('any text in place of an address is judged without an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.ipV6(),
          fc.ipV6().map((ip) => `[${ip}]`),
        ),
        (text) => {
          expect(typeof isPublicAddress(text)).toBe('boolean');
          expect(typeof isPrivateHost(text)).toBe('boolean');
        },
      ),
    );
  });
});
