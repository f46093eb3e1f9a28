import type { Socket } from 'node:net';
import type { ByteStream } from '@dimp/chat/port';

/** A connected socket as a stream of bytes, for `streamChannel`. */
export function socketStream(socket: Socket): ByteStream {
  return {
    incoming: socket,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => socket.end(),
  };
}
