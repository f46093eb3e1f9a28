import type { Protocol } from '@dimp/core';
import type { Content, ReliableMessage } from '@dimp/dkd';
import { isProtocolError, parseJsonObject } from '@dimp/foundation';
import { ENTRY_KINDS } from '../model/read-entry.ts';

/** Largest entry in bytes. A checkpoint of 1,024 members and 256 names is shorter. */
export const MAX_ENTRY_BYTES = 65_536;

/** Whether a message is a public command about a group, which proves what its sender has said whenever it comes. */
export function isEntryMessage(message: ReliableMessage, protocol: Protocol): boolean {
  const { broadcast, data, envelope } = message;
  // A message to everybody in a broadcast group is no entry, and neither is what only has a public group.
  if (!broadcast || data.length > MAX_ENTRY_BYTES || !envelope.receiver.isBroadcast) return false;
  let content: Content;
  try {
    content = protocol.contents.parse(parseJsonObject(data));
  } catch (error) {
    if (isProtocolError(error)) return false;
    throw error;
  }
  return ENTRY_KINDS.includes(content.kind) && isOrdinaryGroup(content);
}

function isOrdinaryGroup({ group }: Content): boolean {
  return group?.isGroup === true && !group.isBroadcast;
}
