import { ProtocolError } from '@dimp/foundation';
import { WebSocket } from 'ws';
import type { OpenChannel } from '../channel.ts';
import { WsChannel } from '../server/ws-channel.ts';

/** The `ws` package: it limits messages before it takes memory for them, stops reading, and tells when it has written. */
export const native: OpenChannel = (url, { maxPayloadBytes, tls = {} }, events) => {
  const { ca, ...own } = tls;
  const socket = new WebSocket(url, {
    ...own,
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
    maxPayload: maxPayloadBytes,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const channel = new WsChannel(socket, events);
  socket.on('open', () => channel.events.opened());
  socket.on('unexpected-response', (request, { statusCode = 0 }) => {
    // Refused for good, or only at the moment.
    const later = statusCode >= 500 || statusCode === 408 || statusCode === 429;
    const code = later ? 'transport/closed' : 'transport/refused';
    const details = { status: statusCode };
    channel.events.closed(new ProtocolError(code, 'no WebSocket is spoken here', { details }));
    request.destroy();
  });
  return channel;
};
