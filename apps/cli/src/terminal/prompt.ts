import type { Context } from './context.ts';
import { CommandFailure } from './failure.ts';

const ENTER: readonly string[] = ['\r', '\n', '\u0004'];
const INTERRUPT = '\u0003';
const BACKSPACE: readonly string[] = ['\b', '\u007f'];
const CLEAR = '\u0015';

/** Asks for a line on the terminal without showing it. */
export async function askHidden(
  question: string,
  { stdin, stderr, signal }: Pick<Context, 'stdin' | 'stderr' | 'signal'>,
): Promise<string> {
  signal.throwIfAborted();
  // Before the question, because a fast typist would see the first characters otherwise.
  stdin.setRawMode?.(true);
  stderr.write(question);
  stdin.setEncoding('utf8');
  stdin.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let line: string[] = [];
      const end = (): void => {
        stdin.off('data', take);
        stdin.off('end', ended);
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        end();
        reject(signal.reason);
      };
      const ended = (): void => {
        end();
        reject(new CommandFailure('interrupted', 'the input has ended'));
      };
      const take = (text: string | Uint8Array): void => {
        for (const each of String(text)) {
          if (each === INTERRUPT) {
            end();
            reject(new CommandFailure('interrupted', 'interrupted'));
            return;
          }
          if (ENTER.includes(each)) {
            end();
            resolve(line.join(''));
            return;
          }
          if (each === CLEAR) line = [];
          else if (BACKSPACE.includes(each)) line.pop();
          else if (each >= ' ') line.push(each);
        }
      };
      stdin.on('data', take);
      stdin.on('end', ended);
      signal.addEventListener('abort', abort);
    });
  } finally {
    stdin.setRawMode?.(false);
    stdin.pause();
    stderr.write('\n');
  }
}
