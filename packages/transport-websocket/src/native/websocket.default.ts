import type { OpenChannel } from '../channel.ts';
import { PortableChannel } from '../portable-channel.ts';

/** The platform's own WebSocket. */
export const native: OpenChannel = (url, _options, events) =>
  new PortableChannel(new WebSocket(url), events);
