import type { Content, Envelope } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/** The group that a message was sent to. */
export function groupOf(
  envelope: Pick<Envelope, 'group'>,
  content: Pick<Content, 'group'>,
): ID | undefined {
  const group = content.group ?? envelope.group;
  return group === undefined || group.isBroadcast ? undefined : group;
}
