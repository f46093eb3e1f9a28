import { connect, type Socket } from 'node:net';
import type { Json, JsonObject } from '@dimp/foundation';
import { CommandFailure, RemoteFailure, systemCode } from '../terminal/failure.ts';
import { readLine, writeLine } from './lines.ts';
import { withSocketPath } from './socket-path.ts';

/**
 * Sends an order to the station that runs on a data folder.
 *
 * @param path - path of its control socket
 * @returns the answer; undefined if no station is running
 * @throws the failure that the station reports; `file/unreadable` if the socket belongs to another user
 */
export async function giveOrder(
  path: string,
  order: string,
  details: JsonObject = {},
): Promise<JsonObject | undefined> {
  const socket = await reach(path);
  if (socket === undefined) return undefined;
  try {
    await writeLine(socket, { ...details, order });
    const { result, error } = await readLine(socket);
    if (isObject(result)) return result;
    throw remoteFailure(isObject(error) ? error : {});
  } finally {
    socket.destroy();
  }
}

async function reach(path: string): Promise<Socket | undefined> {
  try {
    return await withSocketPath(path, open);
  } catch (error) {
    const code = systemCode(error);
    // No socket, or one left behind by a killed station.
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return undefined;
    if (code === undefined) throw error;
    throw new CommandFailure('file/unreadable', `cannot connect to the running station: ${code}`);
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

function remoteFailure({ code, message, exit }: JsonObject): RemoteFailure {
  return new RemoteFailure({
    code: typeof code === 'string' ? code : 'internal',
    message: typeof message === 'string' ? message : 'the running station failed',
    exit: typeof exit === 'number' ? exit : 70,
  });
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
