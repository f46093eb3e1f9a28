import {
  ANY_STATION,
  ANYONE,
  anyNamed,
  broadcastGroupRoles,
  Chatroom,
  type Document,
  EntityType,
  EVERY_STATION,
  EVERYONE,
  entityTypeOf,
  FOUNDER,
  Group,
  type GroupDataSource,
  isGroupType,
  makeGroup,
  makeUser,
  NetworkID,
  Polylogue,
  Robot,
  ServiceProvider,
  Station,
  User,
  type UserDataSource,
} from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { alice, club, ids } from './helpers.ts';

const read = ids.parse;

const UNSUPPORTED = expect.objectContaining({ code: 'unsupported/entity' });

describe('entity types', () => {
  test.each([
    [NetworkID.BTCMain, EntityType.User, false],
    [NetworkID.Main, EntityType.User, false],
    [NetworkID.Polylogue, EntityType.Group, true],
    [NetworkID.Chatroom, EntityType.Chatroom, true],
    [NetworkID.Provider, EntityType.ISP, true],
    [NetworkID.Station, EntityType.Station, false],
    [NetworkID.Robot, EntityType.Bot, false],
    [NetworkID.Government, NetworkID.Government, true],
    [NetworkID.Thing, NetworkID.Thing, false],
    [0x02, EntityType.Station, false],
    [0xee, 0xee, false],
  ])('network byte %i means type %i', (network, type, group) => {
    expect(entityTypeOf(network)).toBe(type);
    expect(isGroupType(entityTypeOf(network))).toBe(group);
  });

  test('only the broadcast words are broadcast: a legacy station or thing is not', () => {
    for (const network of ['80', '81', '88', 'c8']) {
      expect(read(`x@toy:${network}:01020304`).isBroadcast).toBe(false);
    }
    expect(read('x@anywhere').isBroadcast).toBe(true);
  });

  test('an ID without a name keeps the kind of its address', () => {
    expect(read('toy:01:01020304').isGroup).toBe(true);
    expect(read('everywhere').isGroup).toBe(true);
    expect(read('anywhere').isUser).toBe(true);
  });
});

describe('broadcast', () => {
  test('constants are spelled as peers spell them', () => {
    expect(
      [ANYONE, EVERYONE, FOUNDER, ANY_STATION, EVERY_STATION, anyNamed('archivist')].join(),
    ).toBe(
      'anyone@anywhere,everyone@everywhere,moky@anywhere,station@anywhere,stations@everywhere,archivist@anywhere',
    );
    expect(ANYONE.isUser && EVERYONE.isGroup).toBe(true);
  });

  test('everyone belongs to ANYONE, founded by FOUNDER', () => {
    for (const group of [EVERYONE, read('everywhere'), read('EveryOne@everywhere')]) {
      expect(broadcastGroupRoles(group)).toEqual({
        founder: FOUNDER,
        owner: ANYONE,
        members: [ANYONE],
      });
    }
  });

  test('another group has roles named after it', () => {
    const { founder, owner, members } = broadcastGroupRoles(EVERY_STATION);
    expect([founder, owner, ...members].join()).toBe(
      'stations.founder@anywhere,stations.owner@anywhere,stations.owner@anywhere,stations.member@anywhere',
    );
  });

  test('roles of anything else are a mistake of the program', () => {
    expect(() => broadcastGroupRoles(ANYONE)).toThrow(TypeError);
    expect(() => broadcastGroupRoles(club)).toThrow(TypeError);
  });
});

describe('entities', () => {
  const named = (name: string, type = 'visa'): Document => ({
    did: alice,
    type,
    properties: { name },
    data: '',
    signature: new Uint8Array(),
    wire: {},
    seed: false,
  });
  const userSource = (documents: Document[] = []): UserDataSource => ({
    meta: () => undefined,
    documents: () => documents,
    encryptKey: () => undefined,
    signer: () => undefined,
    decryptKeys: () => [],
    contacts: () => [club],
  });
  const groupSource: GroupDataSource = {
    meta: () => undefined,
    documents: () => [named('Club', 'bulletin')],
    founder: () => alice,
    owner: () => undefined,
    members: () => [alice],
    assistants: () => [],
    administrators: () => [],
  };

  test.each([
    ['x@toy:00:01020304', User],
    ['x@toy:08:01020304', User],
    ['x@toy:02:01020304', Station],
    ['x@toy:88:01020304', Station],
    ['x@toy:04:01020304', Robot],
    ['x@toy:c8:01020304', Robot],
    ['anyone@anywhere', User],
  ])('makes the user %s', (text, kind) => {
    expect(makeUser(read(text), userSource()).constructor).toBe(kind);
  });

  test.each([
    ['x@toy:01:01020304', Polylogue],
    ['x@toy:10:01020304', Polylogue],
    ['x@toy:30:01020304', Chatroom],
    ['x@toy:76:01020304', ServiceProvider],
    ['everyone@everywhere', Group],
  ])('makes the group %s', (text, kind) => {
    expect(makeGroup(read(text), groupSource).constructor).toBe(kind);
  });

  test('makes nothing of a kind without class, or of the other sort', () => {
    expect(() => makeUser(read('x@toy:52:01020304'), userSource())).toThrow(UNSUPPORTED);
    expect(() => makeGroup(read('x@toy:73:01020304'), groupSource)).toThrow(UNSUPPORTED);
    expect(() => makeUser(club, userSource())).toThrow(UNSUPPORTED);
    expect(() => makeGroup(alice, groupSource)).toThrow(UNSUPPORTED);
  });

  test('show the name of a document, else name and number', async () => {
    expect(await makeUser(alice, userSource([named(''), named('Alice')])).displayName()).toBe(
      'Alice',
    );
    expect(await makeUser(alice, userSource()).displayName()).toBe('alice (016-849-6141)');
    const bot = makeUser(read('toy:04:00000001'), userSource());
    expect(await bot.displayName()).toBe('Bot (000-000-0001)');
  });

  test('a polylogue belongs to its founder', async () => {
    expect(await makeGroup(club, groupSource).owner()).toBe(alice);
    expect((await makeGroup(club, groupSource).bulletin())?.type).toBe('bulletin');
    expect(await makeUser(alice, userSource()).visa()).toBeUndefined();
  });
});
