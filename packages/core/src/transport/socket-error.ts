import { definedOnly, type ErrorCode, ProtocolError } from '@dimp/foundation';

/** Facts about a failed connection, for the message. */
export interface SocketContext {
  readonly host?: string;
  readonly port?: number;
  /** Message if the platform gives no reason, or one without a code of its own. */
  readonly lost?: string;
}

/**
 * Converts a socket error of the platform. Causes with different remedies have different codes, and the message names host, port,
 * cause and remedy. All but a certificate error may succeed later: a restarting station refuses connections too.
 */
export function socketError(cause: unknown, context: SocketContext = {}): ProtocolError {
  const reason = systemCode(cause);
  const { code, message, retryable } = explain(reason, context);
  const { host, port } = context;
  return new ProtocolError(code, message, {
    cause,
    details: {
      ...definedOnly({ reason, host, port }),
    },
    ...definedOnly({ retryable }),
  });
}

interface Explanation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable?: boolean;
}

function explain(reason: string | undefined, context: SocketContext): Explanation {
  const { host = 'the host', port, lost = 'connection was lost' } = context;
  const place = port === undefined ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (reason) {
    case undefined:
      return { code: 'transport/closed', message: lost };
    case 'ECONNREFUSED':
      return {
        code: 'transport/refused',
        message: `${place} refuses the connection: is the program there running, and the port right?`,
        retryable: true,
      };
    case 'ENOTFOUND':
      return {
        code: 'transport/unknown-host',
        message: `${host} is not known: is the name right, and this device connected to a network?`,
      };
    case 'EAI_AGAIN':
      return {
        code: 'transport/unknown-host',
        message: `the name ${host} cannot be resolved now: is this device connected to a network?`,
      };
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EHOSTDOWN':
    case 'EADDRNOTAVAIL':
      return {
        code: 'transport/unreachable',
        message: `${place} cannot be reached: is this device connected to a network?`,
      };
    case 'ETIMEDOUT':
      return {
        code: 'transport/timeout',
        message: `${place} does not answer: is the port right, and open in the firewall?`,
      };
    default:
      return explainTls(reason, host, place) ?? { code: 'transport/closed', message: lost };
  }
}

function explainTls(reason: string, host: string, place: string): Explanation | undefined {
  if (reason === 'EPROTO' || reason.startsWith('ERR_SSL_')) {
    return { code: 'transport/protocol', message: `TLS with ${place} fails: does it speak TLS?` };
  }
  if (!reason.startsWith('ERR_TLS_') && !CERTIFICATE.test(reason)) return undefined;
  return { code: 'transport/certificate', message: `the certificate of ${host} ${fault(reason)}` };
}

function fault(reason: string): string {
  if (reason === 'CERT_HAS_EXPIRED') {
    return 'has expired: it has to be renewed, unless the clock of this device is wrong';
  }
  if (reason === 'CERT_NOT_YET_VALID') {
    return 'is not valid yet: is the clock of this device right?';
  }
  if (reason === 'ERR_TLS_CERT_ALTNAME_INVALID' || reason === 'HOSTNAME_MISMATCH') {
    return 'is that of another host: is the name right?';
  }
  if (/SELF_SIGNED|UNABLE_TO_GET|UNABLE_TO_VERIFY|UNTRUSTED/.test(reason)) {
    return 'is from an authority that is not known here: add it to the trusted ones if it is yours';
  }
  return `is not accepted (${reason})`;
}

/** Node's names for OpenSSL's certificate errors. */
const CERTIFICATE = /CERT|_CRL|CRL_|_CA$|_CHAIN|ISSUER|VERIFY|HOSTNAME_MISMATCH|INVALID_PURPOSE/;

/** If the platform tried several addresses, prefers an error that is not a timeout, because it says more. */
function systemCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  if ('errors' in cause && Array.isArray(cause.errors)) {
    const codes = cause.errors.map(systemCode);
    return (
      codes.find((code) => code === 'ECONNREFUSED') ?? codes.find((code) => code !== undefined)
    );
  }
  if (!('code' in cause)) return undefined;
  const { code } = cause;
  // The text comes from the platform, never from the peer.
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined;
}
