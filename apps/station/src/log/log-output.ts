import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { systemCode } from '../terminal/failure.ts';

/** Where a log is written to. */
export interface LogOutput extends DestinationStream {
  /** Writes what is still in memory, at the end of the program. What the system refuses to take is dropped. */
  flushSync(): void;
}

/** Most bytes that wait while nobody reads the log; what comes beyond is dropped, for a station must not stand still. */
const MAX_WAITING = 4 * 1024 * 1024;
/** Longest piece that is written at once, in bytes. */
const MAX_PIECE = 64 * 1024;
/** Pause before the system is asked again, in milliseconds. */
const PAUSE = 100;
/** How often the system is asked again at the end of the program: together no more than a second. */
const LAST_TRIES = 10;

/**
 * A file of the process as a log, which never blocks and never fails: a reader that is slow, or a disk that is full, must
 * neither stop a station nor keep it from stopping.
 *
 * @param file - descriptor
 */
export function logOutput(file: number): LogOutput {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let writing = false;

  /** The first lines that wait, in one piece. */
  function take(): Uint8Array {
    let length = 0;
    let count = 0;
    for (const line of waiting) {
      if (count > 0 && length + line.length > MAX_PIECE) break;
      length += line.length;
      count += 1;
    }
    const piece = Buffer.concat(waiting.slice(0, count));
    waiting = waiting.slice(count);
    bytes -= length;
    return piece;
  }

  function putBack(rest: Uint8Array): void {
    waiting.unshift(rest);
    bytes += rest.length;
  }

  function next(): void {
    if (writing || waiting.length === 0) return;
    writing = true;
    const piece = take();
    write(file, piece, (error, written) => {
      // Lines that a full disk does not take are lost; the next ones may have room again.
      if (error === null || isBusy(error)) {
        const rest = piece.subarray(error === null ? written : 0);
        if (rest.length > 0) putBack(rest);
      }
      writing = false;
      if (error === null) next();
      else setTimeout(next, PAUSE).unref();
    });
  }

  return {
    write(line) {
      const encoded = Buffer.from(line);
      if (bytes + encoded.length > MAX_WAITING) return;
      waiting.push(encoded);
      bytes += encoded.length;
      next();
    },
    flushSync() {
      for (let tries = 0; waiting.length > 0 && tries < LAST_TRIES; ) {
        const piece = take();
        try {
          const written = writeSync(file, piece);
          if (written < piece.length) putBack(piece.subarray(written));
        } catch (error) {
          if (!isBusy(error)) break;
          putBack(piece);
          tries += 1;
          sleep(PAUSE);
        }
      }
      waiting = [];
      bytes = 0;
    },
  };
}

/** Nobody reads what was written before; that may change. */
function isBusy(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'EAGAIN' || code === 'EBUSY';
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
