import type { IncomingMessage } from '@dimp/client';
import type { ID } from '@dimp/mkm';
import type { Connection } from './connection.ts';
import { displayNameOf } from './receiver.ts';

/** What the people and groups of some messages are called: by remark, else by visa, else by ID. */
export async function namesOf(
  { messenger: { facebook }, user }: Connection,
  messages: readonly IncomingMessage[],
): Promise<(id: ID) => string> {
  const names = new Map<string, string>();
  const ids = messages.flatMap(({ envelope, content }) =>
    [envelope.sender, content.group, envelope.group].filter((id) => id !== undefined),
  );
  for (const id of ids) {
    if (names.has(id.entity)) continue;
    const remark = (await facebook.contact(user.id, id))?.remark;
    names.set(id.entity, remark || (await displayNameOf(id, facebook)));
  }
  return (id) => names.get(id.entity) ?? id.text;
}
