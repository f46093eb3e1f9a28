export type { Address, AddressType } from './address.ts';
export { type AddressRegistry, addressRegistry } from './address-registry.ts';
export {
  ANY_STATION,
  ANYONE,
  anyNamed,
  type BroadcastGroupRoles,
  broadcastGroupRoles,
  EVERY_STATION,
  EVERYONE,
  FOUNDER,
} from './broadcast.ts';
export { broadcastAddress } from './broadcast-address.ts';
export {
  checkReplacement,
  type Document,
  type DocumentProof,
  type DocumentRequest,
  type DocumentType,
  isBulletin,
  isVisa,
  MAX_DOCUMENT_SKEW,
  newestBulletin,
  newestDocument,
  newestVisa,
  parseDocument,
  signDocument,
  verifyDocument,
} from './document.ts';
export {
  type DocumentContext,
  type DocumentRegistry,
  documentRegistry,
} from './document-registry.ts';
export { bulletin, profile, visa } from './document-types.ts';
export {
  Chatroom,
  Entity,
  type EntityDataSource,
  Group,
  type GroupDataSource,
  makeGroup,
  makeUser,
  Polylogue,
  Robot,
  ServiceProvider,
  Station,
  User,
  type UserDataSource,
} from './entity.ts';
export { EntityType, entityTypeOf, isGroupType, NetworkID } from './entity-type.ts';
export { directionKey, type EntityKey, type ID, type IDParts, makeID, sameEntity } from './id.ts';
export {
  type Meta,
  type MetaMaterial,
  type MetaRequest,
  type MetaType,
  metaMadeBy,
  verifyMeta,
} from './meta.ts';
export { type MetaContext, type MetaRegistry, metaRegistry } from './meta-registry.ts';
export { checkName, type IDReader, idReader, parseID } from './parse-id.ts';
export {
  encodePortableNetworkFile,
  type PortableNetworkFile,
  parsePortableNetworkFile,
  portableNetworkFile,
} from './portable-network-file.ts';
export { displayNumber, seedNumber } from './search-number.ts';
export {
  type BulletinRoles,
  bulletinRoles,
  documentName,
  visaAvatar,
  visaKey,
} from './visa.ts';
