import { utf8Encode } from '@dimp/foundation';
import { encodeFrame } from '@dimp/transport-tcp/mtp';

/** A payload with characters of two and four bytes. */
export const MESSAGE = '{"sender":"moki@anywhere","data":"é😀"}';
/** The bytes of {@link MESSAGE}, as Latin-1 text. */
export const RAW = Buffer.from(MESSAGE).toString('latin1');
/** {@link MESSAGE} as an MTP package. */
export const MTP = Buffer.from(
  encodeFrame({
    type: 'message',
    id: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    body: utf8Encode(MESSAGE),
  }),
).toString('latin1');
/** A complete HTTP request. */
export const GET = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** The head of a WebSocket connection. */
export const UPGRADE =
  'GET /any/path?x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Origin: https://anywhere.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
