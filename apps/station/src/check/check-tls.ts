import { stat } from 'node:fs/promises';
import type { Configuration } from '../config/configuration.ts';
import { readCertificate } from '../running/certificate.ts';
import { failureOf } from '../terminal/failure.ts';
import { type Finding, reporter } from './finding.ts';

const DAY_MS = 86_400_000;
/** Time before its end at which a certificate should be renewed. */
const RENEWAL_MS = 21 * DAY_MS;

/** Checks that certificate and key match, how long the certificate is valid, and who can read the key. */
export async function* checkTls(
  configuration: Configuration,
  now: number,
): AsyncGenerator<Finding> {
  const report = reporter('tls');
  const keyPath = configuration.values['tls.key'];
  try {
    const certificate = await readCertificate(configuration);
    if (certificate === undefined) {
      yield report.ok('no certificate: connections are not encrypted, unless by a proxy');
      return;
    }
    const [from, to] = [
      Date.parse(certificate.first.validFrom),
      Date.parse(certificate.first.validTo),
    ];
    const until = new Date(to).toISOString().slice(0, 10);
    const renew = 'renew it, and send the station SIGHUP';
    if (now < from) yield report.fail('the certificate is not valid yet', 'check the clock');
    else if (now >= to) yield report.fail(`the certificate has expired on ${until}`, renew);
    else if (now >= to - RENEWAL_MS)
      yield report.warn(`the certificate expires on ${until}`, renew);
    else yield report.ok(`certificate and key match, valid until ${until}`);
  } catch (error) {
    yield report.fail(failureOf(error).message, 'check tls.cert and tls.key');
    return;
  }
  if (keyPath !== undefined && process.getuid !== undefined) {
    const { mode } = await stat(keyPath);
    if ((mode & 0o007) !== 0) {
      yield report.fail(`every user can read ${keyPath}`, `chmod 600 ${keyPath}`);
    }
  }
}
