import { until } from '@dimp/fixtures/http';
import { describe, expect, test } from 'vitest';
import { UPGRADE } from './support/first-bytes.ts';
import { listenerService, wire } from './support/listener-service.ts';

describe('proxies', () => {
  const asked = async (options: Parameters<typeof listenerService>[0], headers: string) => {
    const { listener, accepted } = await listenerService(options);
    const line = await wire(listener.port);
    line.socket.write(UPGRADE.replace('\r\n\r\n', `\r\n${headers}\r\n\r\n`));
    await until(() => accepted.length === 1);
    return accepted[0]?.remote;
  };

  test('are not believed unless they are trusted', async () => {
    expect(await asked({}, 'X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https')).toMatchObject(
      {
        address: '127.0.0.1',
        secure: false,
      },
    );
  });

  test('report the last address that is not a proxy’s, and not what the client invented', async () => {
    const trustedProxies = ['127.0.0.0/8', '10.1.0.0/16'];
    const remote = await asked(
      { trustedProxies },
      'X-Forwarded-For: 8.8.8.8, 192.0.2.7, 10.1.2.3\r\nX-Forwarded-Proto: https',
    );
    expect(remote).toEqual({ address: '192.0.2.7', port: 0, secure: true });
    expect(await asked({ trustedProxies }, 'X-Forwarded-For: <script>')).toMatchObject({
      address: '127.0.0.1',
    });
  });

  test.each([
    ['203.0.113.7:5001', '203.0.113.7'],
    ['[2001:db8::1]:5001', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['"[2001:db8::1]:5001"', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['8.8.8.8, 203.0.113.7:5001', '203.0.113.7'],
    ['203.0.113.7:5001, 127.0.0.2:80', '203.0.113.7'],
    // The proxy does not know the address, so the client cannot be told from others.
    ['unknown', '127.0.0.1'],
    ['_hidden', '127.0.0.1'],
    ['203.0.113.7, unknown', '127.0.0.1'],
    ['203.0.113.7:', '127.0.0.1'],
    ['203.0.113.7:123456', '127.0.0.1'],
    ['[203.0.113.7]:5001', '127.0.0.1'],
    ['[2001:db8::1', '127.0.0.1'],
    ['203.0.113.777:1', '127.0.0.1'],
  ])('that write %s mean %s', async (header, address) => {
    const trustedProxies = ['127.0.0.0/8'];
    const remote = await asked({ trustedProxies }, `X-Forwarded-For: ${header}`);
    expect(remote?.address).toBe(address);
  });

  test('that add ports do not make all clients count as one', async () => {
    const { listener, accepted } = await listenerService({
      trustedProxies: ['127.0.0.1'],
      limits: { connectionsPerAddress: 1 },
    });
    for (let each = 1; each <= 8; each++) {
      const line = await wire(listener.port);
      const header = `X-Forwarded-For: 203.0.113.${each}:5001`;
      line.socket.write(UPGRADE.replace('\r\n\r\n', `\r\n${header}\r\n\r\n`));
    }
    await until(() => accepted.length === 8);
  });

  test('do not count as one address; their clients count separately', async () => {
    const { listener, accepted, keeper } = await listenerService({
      trustedProxies: ['127.0.0.1'],
      limits: { connectionsPerAddress: 1 },
    });
    const upgrade = async (address: string) => {
      const line = await wire(listener.port);
      line.socket.write(UPGRADE.replace('\r\n\r\n', `\r\nX-Forwarded-For: ${address}\r\n\r\n`));
      return line;
    };
    const first = await upgrade('192.0.2.1');
    await upgrade('192.0.2.2');
    await until(() => accepted.length === 2);
    const refused = await upgrade('192.0.2.1');
    await until(() => refused.closed);
    expect(keeper.connections).toBe(2);
    first.socket.destroy();
    await until(() => keeper.connections === 1);
    await upgrade('192.0.2.1');
    await until(() => accepted.length === 3);
  });

  test('must be addresses', async () => {
    for (const wrong of ['localhost', '10.0.0.0/33', '10.0.0.0/x', '']) {
      await expect(listenerService({ trustedProxies: [wrong] })).rejects.toThrow(RangeError);
    }
  });
});
