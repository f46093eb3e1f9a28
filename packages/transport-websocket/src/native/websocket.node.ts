import { ProtocolError } from '@dimp/foundation';
import { WebSocket } from 'ws';
import type { OpenChannel } from '../connection/channel.ts';
import { pieceLimits } from '../ws/piece-limits.ts';
import { WsChannel } from '../ws/ws-channel.ts';

/**
 * The `ws` package. It limits messages before it allocates memory for them, can stop reading, and reports when it has
 * written.
 */
export const native: OpenChannel = (url, { maxPayloadBytes, tls = {} }, events) => {
  const { ca, ...own } = tls;
  const socket = new WebSocket(url, {
    ...own,
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    maxPayload: maxPayloadBytes,
    ...pieceLimits(maxPayloadBytes),
    perMessageDeflate: false,
    followRedirects: false,
    // As with TCP: Node's default of 250 ms is too short for a slow network.
    ...{ autoSelectFamilyAttemptTimeout: 2500 },
  });
  const { hostname, port, protocol } = new URL(url);
  const channel = new WsChannel(socket, events, {
    peer: {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (protocol === 'wss:' ? 443 : 80) : Number(port),
    },
  });
  socket.on('open', () => channel.events.opened());
  socket.on('unexpected-response', (request, { statusCode = 0 }) => {
    // The refusal may be permanent or temporary.
    const later = statusCode >= 500 || statusCode === 408 || statusCode === 429;
    const code = later ? 'transport/closed' : 'transport/refused';
    const details = { status: statusCode };
    channel.events.closed(
      new ProtocolError(
        code,
        `${url} does not accept WebSocket connections: status ${statusCode}`,
        { details },
      ),
    );
    request.destroy();
  });
  return channel;
};
