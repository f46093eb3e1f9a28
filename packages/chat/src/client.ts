/**
 * A messenger as user interfaces and bots see it: `openClient` for this thread. `@dimp/chat/port` takes it to other threads and
 * programs.
 *
 * @module
 */
export type {
  DimClient,
  Me,
  Problem,
  SessionState,
  StorageState,
} from './client/dim-client.ts';
export type { ClientParts } from './client/engine.ts';
export { type Kind, TREES as CLIENT_MEMBERS, type Tree } from './client/members.ts';
export { type LocalClient, openClient } from './client/open-client.ts';
export type {
  DirectNetwork,
  LockableStore,
  NewUser,
  OpenClientOptions,
} from './client/options.ts';
export type { ContactSummary, Contacts, LinkOptions, LinkSummary } from './model/contacts.ts';
