import { stat } from 'node:fs/promises';
import type { Configuration } from '../config/configuration.ts';
import { readCertificate } from '../running/certificate.ts';
import { failureOf } from '../terminal/failure.ts';
import { type Finding, reporter } from './finding.ts';

const DAY = 86_400_000;
/** When a certificate should be renewed, in milliseconds before it ends. */
const SOON = 21 * DAY;

/** Certificate and key: whether they fit, how long they hold, and who may read the key. */
export async function* checkTls(
  configuration: Configuration,
  now: number,
): AsyncGenerator<Finding> {
  const report = reporter('tls');
  const keyPath = configuration.values['tls.key'];
  try {
    const certificate = await readCertificate(configuration);
    if (certificate === undefined) {
      yield report.ok('none: a proxy has to encrypt, or nobody does');
      return;
    }
    const [from, to] = [
      Date.parse(certificate.first.validFrom),
      Date.parse(certificate.first.validTo),
    ];
    const until = new Date(to).toISOString().slice(0, 10);
    const renew = 'renew it, and send the station SIGHUP';
    if (now < from) yield report.fail('the certificate is not valid yet', 'look at the clock');
    else if (now >= to) yield report.fail(`the certificate has expired on ${until}`, renew);
    else if (now >= to - SOON) yield report.warn(`the certificate expires on ${until}`, renew);
    else yield report.ok(`certificate and key fit, valid until ${until}`);
  } catch (error) {
    yield report.fail(failureOf(error).message, 'look at tls.cert and tls.key');
    return;
  }
  if (keyPath !== undefined && process.getuid !== undefined) {
    const { mode } = await stat(keyPath);
    if ((mode & 0o007) !== 0) {
      yield report.fail(`${keyPath} can be read by every user`, `chmod 600 ${keyPath}`);
    }
  }
}
