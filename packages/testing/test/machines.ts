import { createProtocol, isWaiting, type Transceiver } from '@dimp/core';
import { type Dialect, deployed } from '@dimp/core/dialects';
import type { Content, Draft } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import type { ID } from '@dimp/mkm';
import { makeReader } from '../src/vectors/reader.ts';
import { accounts } from './vector-files.ts';

export const protocol = createProtocol(standard());

/** Seconds since the epoch at which the tests play: after all test accounts signed their visas. */
export const NOW = 1766010000;

/** A machine with one of the test accounts, who knows others and perhaps a group. */
export function machine(
  local: string,
  known: readonly string[] = [],
  groups: readonly string[] = [],
): Promise<Transceiver> {
  const input = { local, known: [local, ...known], groups: [...groups], now: NOW };
  return makeReader(input, { protocol: protocol as never, accounts });
}

export function idOf(name: string): ID {
  const account = accounts[name];
  if (account === undefined) throw new Error(`no account ${name}`);
  return protocol.parseID(account.id);
}

let serial = 0;

/** A content as the pipeline takes it. */
export function content(draft: Draft, extra: Record<string, string> = {}): Content {
  serial += 1;
  return protocol.contents.stamp(draft as never, { time: NOW, sn: serial, extra });
}

/** A text from one test account to another, as bytes. */
export async function textMessage(
  from: Transceiver,
  sender: string,
  receiver: ID,
  text: string,
  options: { readonly dialect?: Dialect; readonly group?: ID } = {},
): Promise<Uint8Array> {
  const { dialect = deployed, group } = options;
  const draft = Text.create({ text }, group === undefined ? {} : { group });
  const message = {
    envelope: { sender: idOf(sender), receiver, time: NOW },
    content: content(draft),
  };
  const secure = await from.encrypt(message, { dialect });
  if (isWaiting(secure)) throw new Error(`waiting for ${secure.for}`);
  return from.serialize(await from.sign(secure, { dialect }));
}

/** Opens bytes all the way. */
export async function open(machine: Transceiver, bytes: Uint8Array | string): Promise<Content> {
  const verified = await machine.verify(machine.deserialize(bytes));
  if (isWaiting(verified)) throw new Error(`waiting for ${verified.for}`);
  return (await machine.decrypt(verified)).content;
}
