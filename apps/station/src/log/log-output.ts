import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { systemCode } from '../terminal/failure.ts';

/** Destination of a log. */
export interface LogOutput extends DestinationStream {
  /** Writes the buffered lines at the end of the program. Drops what the system does not accept. */
  flushSync(): void;
}

/** Limit for buffered bytes while the log is not read. More is dropped, because the station must not block. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
/** Limit for one write. */
const MAX_WRITE_BYTES = 64 * 1024;
/** Delay before another attempt to write. */
const RETRY_MS = 100;
/** Limit for attempts at the end of the program, which take at most a second. */
const FINAL_ATTEMPTS = 10;

/**
 * Creates a log that never blocks and never fails, so that a slow reader or a full disk neither stops a station nor prevents
 * it from stopping.
 *
 * @param file - file descriptor
 */
export function logOutput(file: number): LogOutput {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  let writing = false;

  /** Removes the first buffered lines, in one piece. */
  function take(): Uint8Array {
    let length = 0;
    let count = 0;
    for (const line of waiting) {
      if (count > 0 && length + line.length > MAX_WRITE_BYTES) break;
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
      // Lines that do not fit on a full disk are lost; there may be space for the next ones.
      if (error === null || isBusy(error)) {
        const rest = piece.subarray(error === null ? written : 0);
        if (rest.length > 0) putBack(rest);
      }
      writing = false;
      if (error === null) next();
      else setTimeout(next, RETRY_MS).unref();
    });
  }

  return {
    write(line) {
      const encoded = Buffer.from(line);
      if (bytes + encoded.length > MAX_BUFFERED_BYTES) return;
      waiting.push(encoded);
      bytes += encoded.length;
      next();
    },
    flushSync() {
      for (let tries = 0; waiting.length > 0 && tries < FINAL_ATTEMPTS; ) {
        const piece = take();
        try {
          const written = writeSync(file, piece);
          if (written < piece.length) putBack(piece.subarray(written));
        } catch (error) {
          if (!isBusy(error)) break;
          putBack(piece);
          tries += 1;
          sleepSync(RETRY_MS);
        }
      }
      waiting = [];
      bytes = 0;
    },
  };
}

/** Whether a write failed because the reader is slow. */
function isBusy(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'EAGAIN' || code === 'EBUSY';
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
