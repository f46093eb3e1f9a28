/**
 * Lets a page or another program use a client: `serveClient` where the messenger runs, `connectClient` where it is used.
 *
 * @module
 */
export {
  type Channel,
  channelPair,
  type MessagePortLike,
  portChannel,
} from './port/channel.ts';
export { type ConnectClientOptions, connectClient } from './port/connect.ts';
export { type ServeOptions, serveClient } from './port/serve.ts';
export {
  type ByteStream,
  type StreamChannelOptions,
  streamChannel,
} from './port/stream-channel.ts';
