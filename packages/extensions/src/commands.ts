/**
 * The commands of spec §9.4–9.13 as plug-ins. Group commands are in `./groups`.
 *
 * @module
 */

import { DocumentsCommand, Handshake, MetaCommand, Receipt } from '@dimp/dkd/commands';
import { Ans } from './commands/ans.ts';
import { Command, History } from './commands/generic.ts';
import { Login } from './commands/login.ts';
import { Block, Mute } from './commands/mute-block.ts';
import { Push } from './commands/push.ts';
import { Report } from './commands/report.ts';
import { Search } from './commands/search.ts';
import { Storage } from './commands/storage.ts';

export type { DocumentsCommandBody, MetaCommandBody } from '@dimp/dkd/commands';
export {
  type HandshakeBody,
  type HandshakeState,
  handshakeAgain,
  handshakeStart,
  handshakeSuccess,
  type ReceiptBody,
  type ReceiptOptions,
  type ReceiptOrigin,
  receiptFor,
} from '@dimp/dkd/commands';
export type { AnsBody } from './commands/ans.ts';
export type { CommandBody } from './commands/generic.ts';
export type { LoginBody, LoginStation } from './commands/login.ts';
export type { IDListBody } from './commands/mute-block.ts';
export type { PushBody, PushItem } from './commands/push.ts';
export type { ReportBody } from './commands/report.ts';
export type { SearchBody } from './commands/search.ts';
export type { StorageBody } from './commands/storage.ts';
export {
  Ans,
  Block,
  Command,
  DocumentsCommand,
  Handshake,
  History,
  Login,
  MetaCommand,
  Mute,
  Push,
  Receipt,
  Report,
  Search,
  Storage,
};

/** All commands of spec §9.4–9.13, and the two types that read any other command. */
export const standardCommands: readonly [
  typeof Handshake,
  typeof MetaCommand,
  typeof DocumentsCommand,
  typeof Receipt,
  typeof Login,
  typeof Report,
  typeof Search,
  typeof Storage,
  typeof Mute,
  typeof Block,
  typeof Ans,
  typeof Push,
  typeof Command,
  typeof History,
] = [
  Handshake,
  MetaCommand,
  DocumentsCommand,
  Receipt,
  Login,
  Report,
  Search,
  Storage,
  Mute,
  Block,
  Ans,
  Push,
  Command,
  History,
];
