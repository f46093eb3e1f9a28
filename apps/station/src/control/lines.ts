import type { Socket } from 'node:net';
import { type JsonObject, parseJsonObject, stringifyJson, utf8Encode } from '@dimp/foundation';
import { CommandFailure } from '../terminal/failure.ts';

/** Longest line, in bytes. */
const MAX_LINE = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads one line of JSON.
 *
 * @param patience - milliseconds; undefined to wait as long as it takes
 * @throws `format/` codes for what is no JSON; `system/refused` if the connection ends before
 */
export function readLine(socket: Socket, patience?: number): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = patience === undefined ? undefined : setTimeout(() => done(tooSoon()), patience);
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      const end = chunk.indexOf(NEWLINE);
      if (end === -1) {
        if (length > MAX_LINE) done(tooSoon());
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

/** Writes one line of JSON, and waits until the system has it. */
export function writeLine(socket: Socket, line: JsonObject): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(utf8Encode(`${stringifyJson(line)}\n`), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function tooSoon(): CommandFailure {
  return new CommandFailure('system/refused', 'the connection ended too soon');
}
