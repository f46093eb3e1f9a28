import type { ChatRecord } from '../history/chat-record.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import type { Account } from './account.ts';
import { leaveToJob } from './clearing.ts';

/** Most conversations that strangers have begun: as many strangers as an attacker makes must not fill the store. */
export const MAX_REQUESTS = 1000;

/** Removes the oldest requests of too many. Those that the user has blocked, pinned or begun to answer stay. */
export async function removeOldRequests({ history, list }: Account): Promise<void> {
  const requests = (await list.all()).filter(([, chat]) => isUntouched(chat));
  const tooMany = requests.length - MAX_REQUESTS;
  if (tooMany <= 0) return;
  requests.sort(([, a], [, b]) => (a.last?.stamp ?? 0) - (b.last?.stamp ?? 0));
  for (const [id, { kind }] of requests.slice(0, tooMany)) {
    await history.change(id, kind, (edit) => removeRequest(edit, history.clock.now()));
  }
}

async function removeRequest(edit: ConversationEdit, now: number): Promise<void> {
  if (!isUntouched(edit.chat)) return;
  await leaveToJob(edit, now);
  edit.forget();
}

function isUntouched({ request, blocked, pinned, draft }: ChatRecord): boolean {
  return request !== undefined && !blocked && pinned === undefined && draft === undefined;
}
