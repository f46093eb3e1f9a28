import type { OpenChannel } from '../connection/channel.ts';
import { PortableChannel } from '../connection/portable-channel.ts';

/** The platform's own WebSocket. */
export const native: OpenChannel = (url, _options, events) =>
  new PortableChannel(new WebSocket(url), events);
