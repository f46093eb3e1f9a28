import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Configuration } from '../config/configuration.ts';
import { CommandFailure, systemCode } from '../terminal/failure.ts';

/** Certificate and key as read from the files. */
export interface Certificate {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
  /** The first certificate of the chain. */
  readonly first: X509Certificate;
}

/**
 * Reads certificate and key.
 *
 * @returns undefined if none are configured
 * @throws `file/unreadable`; `config` if they are invalid or do not match
 */
export async function readCertificate({ values }: Configuration): Promise<Certificate | undefined> {
  const [certPath, keyPath] = [values['tls.cert'], values['tls.key']];
  if (certPath === undefined || keyPath === undefined) return undefined;
  const [cert, key] = await Promise.all([read(certPath), read(keyPath)]);
  const first = parsed('tls.cert', certPath, () => new X509Certificate(cert));
  const privateKey = parsed('tls.key', keyPath, () => createPrivateKey(Buffer.from(key)));
  if (!first.checkPrivateKey(privateKey)) {
    throw new CommandFailure('config', `tls.key: ${keyPath} is not the key of ${certPath}`);
  }
  parsed('tls.cert', certPath, () =>
    createSecureContext({ cert: Buffer.from(cert), key: Buffer.from(key) }),
  );
  return { cert, key, first };
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const code = systemCode(error) ?? 'unknown error';
    throw new CommandFailure('file/unreadable', `${path} cannot be read: ${code}`);
  }
}

/** Parses a certificate or key. The message of OpenSSL is left out, because it might reveal parts of a key. */
function parsed<T>(key: string, path: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    const what = key === 'tls.key' ? 'private key (without passphrase)' : 'certificate';
    throw new CommandFailure('config', `${key}: ${path} must be a PEM file with a ${what}`);
  }
}
