export { Facebook, type FacebookOptions } from './facebook.ts';
export { KeyStore, type KeyStoreOptions } from './key-store.ts';
export {
  type GroupForm,
  type GroupPackOptions,
  type MessagePackOptions,
  Messenger,
  type MessengerOptions,
  type ReceivedMessage,
} from './messenger.ts';
export {
  type CreateGroupOptions,
  createGroup,
  type RegisterOptions,
  register,
} from './register.ts';
