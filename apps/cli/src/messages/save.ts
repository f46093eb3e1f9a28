import type { ChatMessage } from '@dimp/chat';
import { safeName } from '../files/saved-file.ts';
import type { MessagingCalls } from '../host/messaging-calls.ts';
import type { Context } from '../terminal/context.ts';
import { Progress } from '../terminal/progress.ts';
import { oneLine } from '../terminal/text.ts';

/**
 * Downloads the file of a message, and reports where it is.
 *
 * @param folder - an absolute path
 * @param hosts - hosts that it may be downloaded from, beside public ones and the stations
 */
export async function downloadTo(
  folder: string,
  conversation: string,
  message: ChatMessage,
  hosts: readonly string[],
  calls: MessagingCalls,
  context: Pick<Context, 'stderr' | 'output' | 'signal'>,
): Promise<void> {
  const { ref, attachments } = message;
  using progress = new Progress(safeName(attachments[0]?.name), 'download', context);
  const path = await calls.saveFile(
    { conversation, ref, folder, hosts },
    {
      signal: context.signal,
      onProgress: ({ done, total }) => progress.show(done, total),
    },
  );
  const facts = { id: ref, conversation, file: path };
  context.output.result('saved', facts, `      saved as ${oneLine(path)}`);
}
