import { refOf } from '@dimp/extensions/chat';
import { seededRandom } from '@dimp/testing/network';
import type { ChatRecord } from '../../src/history/chat-record.ts';
import { History } from '../../src/history/history.ts';
import type { Person } from './world.ts';

/** Puts texts of a peer into a conversation, one each second, without the network. @returns their refs */
export async function importTexts(
  person: Person,
  from: Person,
  count: number,
  settings: Pick<ChatRecord, 'request'> = {},
): Promise<string[]> {
  const { clock, store } = person.facebook;
  const history = new History({
    store,
    user: person.id.entity,
    clock,
    random: seededRandom(1),
    readers: [],
    onDamaged: () => undefined,
  });
  const start = clock.now() - count * 1000;
  const refs: string[] = [];
  await history.change(from.id.entity, 'person', async (edit) => {
    edit.set(settings);
    for (let at = 0; at < count; at++) {
      const stamp = start + at * 1000;
      const ref = refOf({ sender: from.id, sn: at + 1, time: stamp / 1000 });
      refs.push(ref);
      await edit.add({
        ref,
        ids: [],
        sender: from.id.entity,
        kind: 'text',
        content: { type: '1', sn: at + 1, time: stamp / 1000, text: String(at) },
        time: stamp,
        arrived: stamp,
        stamp,
      });
    }
  });
  return refs;
}
