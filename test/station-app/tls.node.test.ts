import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { pem, pemPath } from '@dimp/fixtures/certificate';
import { expect, test } from 'vitest';
import { connectTcp } from '../../packages/transport-tcp/src/index.ts';
import { logIn, people, sendText } from '../helpers/clients.node.ts';
import { run, startStation } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';

/** Creates a folder with certificate and key, and the flags for them. */
async function certified(): Promise<{ folder: string; args: readonly string[] }> {
  const folder = await temporaryFolder();
  await use(folder, '');
  const args = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  return { folder, args };
}

async function use(folder: string, which: '' | 'other-'): Promise<void> {
  await copyFile(pemPath(`${which}cert`), join(folder, 'cert.pem'));
  const key = join(folder, 'key.pem');
  await copyFile(pemPath(`${which}key`), key);
  // Files of the repository are readable by other users, which a key must not be.
  await chmod(key, 0o600);
}

/** Fingerprint of the certificate that a station presents. */
function fingerprint(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('with a certificate, clients connect over TLS, and without TLS unless it is required', async () => {
  const { folder, args } = await certified();
  const station = await startStation(join(folder, 'data'), args);
  const { port } = station;
  const ca = pem('cert');
  const [moki, hulk] = await people('moki', 'hulk');
  await logIn(moki, port, connectTcp({ host: '127.0.0.1', port, tls: { ca } }));
  await logIn(hulk, port);
  await (await sendText(moki, hulk, 'over TLS')).reached('received', AbortSignal.timeout(20_000));
  expect(hulk.texts).toEqual(['over TLS']);
  await station.stop();

  const strict = await startStation(join(folder, 'data'), [...args, '--tls-required', 'yes']);
  await expect(fetch(`http://127.0.0.1:${strict.port}/health`)).rejects.toThrow();
  expect(await fingerprint(strict.port)).toMatch(/^[0-9A-F:]{95}$/);
  expect(
    (
      await run([
        'check',
        '--data',
        strict.data,
        '--host',
        '127.0.0.1',
        ...args,
        '--tls-required',
        'yes',
      ])
    ).status,
  ).toBe(0);
  await strict.stop();
});

test('SIGHUP reloads a renewed certificate without a restart, and keeps the old one if the new one is invalid', async () => {
  const { folder, args } = await certified();
  const station = await startStation(join(folder, 'data'), args);
  const first = await fingerprint(station.port);
  await use(folder, 'other-');
  station.process.kill('SIGHUP');
  await station.logged('tls.reloaded');
  const second = await fingerprint(station.port);
  expect(second).not.toBe(first);

  await writeFile(join(folder, 'cert.pem'), 'no certificate');
  station.process.kill('SIGHUP');
  await station.logged('tls.reload-failed');
  expect(await fingerprint(station.port)).toBe(second);
  await use(folder, '');
  await copyFile(pemPath('other-key'), join(folder, 'key.pem'));
  station.process.kill('SIGHUP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await fingerprint(station.port)).toBe(second);
  expect((await station.stop()).status).toBe(0);
});

test.each([
  ['a certificate that is not there', 'missing', 'key', 66, 'cannot be read'],
  ['a key that is not that of the certificate', 'cert', 'other-key', 78, 'is not the key of'],
  ['a key in place of the certificate', 'key', 'key', 78, 'must be a PEM file with a certificate'],
  [
    'a certificate in place of the key',
    'cert',
    'cert',
    78,
    'must be a PEM file with a private key',
  ],
] as const)('%s ends the start', async (_name, cert, key, status, words) => {
  const data = await temporaryFolder();
  const args = ['--tls-cert', pemPath(cert), '--tls-key', pemPath(key)];
  const ended = await run(['--data', data, '--port', '0', ...args]);
  expect(ended.status).toBe(status);
  expect(ended.stderr).toContain(words);
});
