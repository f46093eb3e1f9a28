import type { Draft } from '@dimp/dkd';
import { DocumentsCommand, Forward } from '@dimp/dkd/commands';
import type { Facebook } from '@dimp/endpoint';
import { definedOnly, type JsonObject, ownMember, stringifyJson } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { PublicSigner } from '../evidence/sign-public.ts';
import { compareEntries } from '../model/entry.ts';
import type { GroupLog } from './group-log.ts';

/** Named in a visa's `accepts` by programs whose groups converge. */
export const GROUPS_ABILITY = 'groups-2';

/** Most messages in one forward, and the largest in characters of JSON. */
const MAX_MESSAGES = 64;
const MAX_CHARACTERS = 256 * 1024;
/** Members whose metas and visas a newcomer gets; they ask for those of others. */
const MAX_INTRODUCED = 64;

/** Whether a member's program reads entries; others get lists. Without a visa nothing can be sent anyway. */
export async function readsEntries(facebook: Facebook, member: ID): Promise<boolean> {
  const visa = await facebook.document(member);
  const accepts = visa === undefined ? undefined : ownMember(visa.properties, 'accepts');
  return Array.isArray(accepts) && accepts.includes(GROUPS_ABILITY);
}

/** Puts messages into as many forwards as they need. */
export function forwardsOf(messages: readonly JsonObject[]): readonly Draft[] {
  const forwards: Draft[] = [];
  let part: JsonObject[] = [];
  let size = 0;
  for (const message of messages) {
    const { length } = stringifyJson(message);
    if (part.length >= MAX_MESSAGES || (part.length > 0 && size + length > MAX_CHARACTERS)) {
      forwards.push(Forward.create({ messages: part }));
      part = [];
      size = 0;
    }
    part.push(message);
    size += length;
  }
  if (part.length > 0) forwards.push(Forward.create({ messages: part }));
  return forwards;
}

/** Entries with the checkpoint first, then in their order. */
export function entriesInOrder(log: GroupLog): readonly JsonObject[] {
  const { state } = log;
  if (state === undefined) return [];
  const entries = [state.checkpoint, ...[...state.live].sort(compareEntries)];
  return log.messagesOf(entries);
}

/** Meta and bulletin of a group, in a message that its reader can check. */
export async function documentMessage(
  facebook: Facebook,
  signer: PublicSigner,
  { entity, sender }: { readonly entity: ID; readonly sender: ID },
): Promise<readonly JsonObject[]> {
  const meta = await facebook.meta(entity);
  const document = await facebook.document(entity);
  if (document === undefined) return [];
  const body = definedOnly({ did: entity, meta: meta?.wire, documents: [document.wire] });
  const time = facebook.clock.now();
  const message = await signer.sign({ sender, draft: DocumentsCommand.create(body), time });
  return [message.wire];
}

/**
 * Everything that a newcomer needs, in the order in which it can be checked: the documents of the group, those of its founder,
 * the checkpoint and what is live; then, in forwards of their own, the keys of members.
 */
export async function newcomerForwards(
  facebook: Facebook,
  signer: PublicSigner,
  log: GroupLog,
  sender: ID,
): Promise<readonly Draft[]> {
  const { parseID } = facebook.protocol;
  const documents = (entity: ID) => documentMessage(facebook, signer, { entity, sender });
  const [founder, ...others] = log.state?.members ?? [];
  const first = [
    ...(await documents(log.id)),
    ...(founder === undefined ? [] : await documents(parseID(founder))),
    ...entriesInOrder(log),
  ];
  const keys: JsonObject[] = [];
  for (const each of others.slice(0, MAX_INTRODUCED))
    keys.push(...(await documents(parseID(each))));
  return [...forwardsOf(first), ...forwardsOf(keys)];
}
