import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { PlainError } from './messages.ts';

/** Makes plain data of an error. Causes and stacks stay on this side. */
export function packError(error: unknown): PlainError {
  if (isProtocolError(error)) {
    const { code, message, details } = error;
    return { code, message, ...(Object.keys(details).length > 0 ? { details } : {}) };
  }
  return { message: error instanceof Error ? error.message : 'the call has failed' };
}

/** Makes an error of what {@link packError} has made; an error without a code is a wrong use of the interface. */
export function unpackError({ code, message, details }: PlainError): Error {
  if (code === undefined) return new TypeError(message);
  return new ProtocolError(code, message, details === undefined ? {} : { details });
}

/** The error of everything that waits when a port is closed. */
export function portClosed(cause?: unknown): ProtocolError<'transport/closed'> {
  return new ProtocolError('transport/closed', 'the connection to the messenger is closed', {
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error for another version of the messages at the other side. */
export function otherVersion(): ProtocolError<'unsupported/version'> {
  return new ProtocolError('unsupported/version', 'the other side of the port has another version');
}
