import type { Socket } from 'node:net';
import { type JsonObject, parseJsonObject, stringifyJson, utf8Encode } from '@dimp/foundation';
import { CommandFailure } from '../terminal/failure.ts';

const MAX_LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads one line of JSON.
 *
 * @param timeoutMs - undefined to wait without limit
 * @throws `format/` codes for invalid JSON; `system/refused` if the connection ends early
 */
export function readLine(socket: Socket, timeoutMs?: number): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => done(tooSoon()), timeoutMs);
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      const end = chunk.indexOf(NEWLINE);
      if (end === -1) {
        if (length > MAX_LINE_BYTES) done(tooSoon());
        return;
      }
      const line = Buffer.concat(chunks).subarray(0, length - chunk.length + end);
      try {
        done(undefined, parseJsonObject(new Uint8Array(line)));
      } catch (error) {
        done(error);
      }
    };
    const onEnd = (): void => done(tooSoon());
    const done = (error: unknown, line?: JsonObject): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onEnd).off('end', onEnd);
      if (line === undefined) reject(error);
      else resolve(line);
    };
    socket.on('data', onData).on('close', onEnd).on('end', onEnd);
  });
}

/** Writes one line of JSON, and waits until the system has accepted it. */
export function writeLine(socket: Socket, line: JsonObject): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(utf8Encode(`${stringifyJson(line)}\n`), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function tooSoon(): CommandFailure {
  return new CommandFailure('system/refused', 'the connection ended before the line was complete');
}
