import type { ID } from '@dimp/mkm';
import type { Account } from './account.ts';

/** Removes messages on this device. Those that are not sent yet are not sent any more. */
export async function removeMessages(
  account: Account,
  peer: ID,
  refs: readonly string[],
): Promise<void> {
  const { history, parts } = account;
  const unsent: string[] = [];
  await history.change(peer.entity, account.kindOf(peer), async (edit) => {
    const now = history.clock.now();
    for (const ref of refs) {
      const message = await edit.message(ref);
      if (message === undefined) continue;
      if (message.out && message.state !== 'received') unsent.push(...message.ids);
      await edit.remove(message, now);
      const { stamp } = message;
      history.log.write(edit.changes, edit.place, { ref, event: 'removed', stamp }, now);
    }
  });
  if (unsent.length === 0) return;
  for (const delivery of await parts.host.deliveries()) {
    if (!unsent.includes(delivery.id)) continue;
    if (delivery.report.settled) await delivery.discard();
    else await delivery.cancel();
  }
}
