/**
 * Kinds of entities (spec §4.5). Bit 0 means group. Other values are kept as numbers.
 *
 * `Robot` and `ServiceProvider` are called bot and ISP on the current wire.
 */
export const EntityType = {
  User: 0x00,
  Group: 0x01,
  Station: 0x02,
  ISP: 0x03,
  ServiceProvider: 0x03,
  Bot: 0x04,
  Robot: 0x04,
  ICP: 0x05,
  Supervisor: 0x06,
  Company: 0x07,
  AppUser: 0x40,
  AppGroup: 0x41,
  /** The legacy network byte 0x30, mapped. */
  Chatroom: 0x31,
  /** Any user, for the address `anywhere`. On a BTC-like address the legacy "thing", which is not a broadcast. */
  Any: 0x80,
  /** Every user, for the address `everywhere`. */
  Every: 0x81,
} as const;

/** Network bytes of the seed program (0.8), still found in old addresses (spec §4.5). */
export const NetworkID = {
  BTCMain: 0x00,
  Main: 0x08,
  Group: 0x10,
  Polylogue: 0x10,
  Moments: 0x18,
  Chatroom: 0x30,
  SocialEntity: 0x50,
  Department: 0x52,
  Government: 0x73,
  Organization: 0x74,
  Provider: 0x76,
  Company: 0x76,
  School: 0x77,
  Thing: 0x80,
  Station: 0x88,
  Robot: 0xc8,
} as const;

/**
 * Maps the network byte of an address to the kind of entity. Bits must be tested on the result only: a legacy station (0x88)
 * would otherwise look like a broadcast user, and messages to it would be sent unencrypted (spec §14.4 #34).
 *
 * @param network - the raw byte, 0–255
 */
export function entityTypeOf(network: number): number {
  switch (network) {
    case NetworkID.Main:
      return EntityType.User;
    case NetworkID.Polylogue:
      return EntityType.Group;
    case NetworkID.Chatroom:
      return EntityType.Chatroom;
    case NetworkID.Provider:
      return EntityType.ISP;
    case NetworkID.Station:
      return EntityType.Station;
    case NetworkID.Robot:
      return EntityType.Bot;
    default:
      return network;
  }
}

/** Whether a mapped entity type is a group: bit 0 (spec §4.5). */
export function isGroupType(type: number): boolean {
  return (type & 0x01) !== 0;
}
