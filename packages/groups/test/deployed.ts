import type { MessengerService } from '@dimp/client';
import type { Facebook } from '@dimp/endpoint';
import type { ResetBody } from '@dimp/extensions/groups';
import { type ID, sameEntity } from '@dimp/mkm';

/**
 * The rules of deployed clients for groups (spec §9.14): the newest list of the owner or an administrator replaces the members;
 * somebody who quits is taken out; everything else of a group is ignored.
 */
export function deployedGroups(facebook: Facebook): MessengerService {
  const newest = new Map<string, number>();
  const isStaff = async (group: ID, user: ID): Promise<boolean> => {
    const owner = await facebook.owner(group);
    if (owner !== undefined && sameEntity(owner, user)) return true;
    return (await facebook.administrators(group)).some((each) => sameEntity(each, user));
  };
  return {
    name: 'deployed',
    kinds: ['reset', 'quit', 'invite', 'expel', 'review', 'resign', 'join'],
    wants: (entity) => entity.isGroup || entity.isUser,
    async take({ content, envelope }) {
      const { group, time = 0 } = content;
      if (group === undefined) return {};
      const { sender } = envelope;
      if (content.kind === 'quit' && !(await isStaff(group, sender))) {
        const members = await facebook.members(group);
        await facebook.saveMembers(
          group,
          members.filter((each) => !sameEntity(each, sender)),
        );
      }
      if (content.kind === 'reset' && (await isStaff(group, sender))) {
        const { members } = content.body as ResetBody;
        const owner = await facebook.owner(group);
        const [first] = members;
        const isValid = first !== undefined && owner !== undefined && sameEntity(first, owner);
        if (isValid && time >= (newest.get(group.entity) ?? 0)) {
          newest.set(group.entity, time);
          await facebook.saveMembers(group, members);
        }
      }
      return { changes: [], passOn: false };
    },
  };
}
