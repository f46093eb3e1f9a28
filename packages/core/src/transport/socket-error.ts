import { type ErrorCode, ProtocolError } from '@dimp/foundation';

/**
 * What became of a connection, from an error of the platform's sockets. What may go better next time is `transport/closed`, a refused port
 * among it: a station that is being restarted refuses as well. A certificate that is not accepted is `transport/refused`.
 */
export function socketError(cause: unknown): ProtocolError {
  const code = systemCode(cause);
  return new ProtocolError(ourCode(code), 'connection was lost', {
    cause,
    details: code === undefined ? {} : { reason: code },
  });
}

function ourCode(code: string | undefined): ErrorCode {
  if (code === undefined) return 'transport/closed';
  if (code === 'ETIMEDOUT') return 'transport/timeout';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return 'transport/protocol';
  if (code.startsWith('ERR_TLS_') || CERTIFICATE.test(code)) return 'transport/refused';
  return 'transport/closed';
}

/** The codes that OpenSSL has for certificates, as Node names them. */
const CERTIFICATE = /CERT|_CRL|CRL_|_CA$|_CHAIN|ISSUER|VERIFY|HOSTNAME_MISMATCH|INVALID_PURPOSE/;

function systemCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  const { code } = cause;
  // Of the platform, never of the peer.
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined;
}
