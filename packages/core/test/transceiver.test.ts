import type { Content, ReliableMessage, Verified } from '@dimp/dkd';
import { Command } from '@dimp/extensions/commands';
import { ArrayContent, Text } from '@dimp/extensions/contents';
import { Reset } from '@dimp/extensions/groups';
import {
  decodeBase64,
  encodeBase64,
  type JsonObject,
  utf8Decode,
  utf8Encode,
} from '@dimp/foundation';
import { ANYONE } from '@dimp/mkm';
import { beforeAll, describe, expect, test } from 'vitest';
import { bindEnvelope, isWaiting, Transceiver, trimMessage } from '../src/index.ts';
import { idOf, machine, type Name, open, textMessage } from './machines.ts';
import { content, NOW, protocol } from './protocol.ts';

let alice: Transceiver;
let bob: Transceiver;
const group = idOf('team');

beforeAll(async () => {
  alice = await machine('alice', ['bob', 'carol', 'dave'], ['team']);
  bob = await machine('bob', ['alice', 'carol', 'mallory'], ['team']);
});

/** The message with some members changed, as an attacker on the path can. */
function changed(bytes: Uint8Array, change: (wire: Record<string, unknown>) => void): Uint8Array {
  const wire = JSON.parse(utf8Decode(bytes)) as Record<string, unknown>;
  change(wire);
  return utf8Encode(JSON.stringify(wire));
}

function flipBit(base64: unknown): string {
  const bytes = decodeBase64(String(base64));
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return encodeBase64(bytes);
}

describe('an attacker on the path', () => {
  test('cannot change the ciphertext', async () => {
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'pay 5');
    const forged = changed(bytes, (wire) => {
      wire['data'] = flipBit(wire['data']);
    });
    await expect(open(bob, forged)).rejects.toMatchObject({ code: 'crypto/signature' });
  });

  test('cannot replace the signature by their own', async () => {
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'pay 5');
    const mallory = await machine('mallory');
    const own = await (await mallory.barrack.requireSigner(idOf('mallory'))).sign(
      alice.deserialize(bytes).data,
    );
    const forged = changed(bytes, (wire) => {
      wire['signature'] = encodeBase64(own);
    });
    await expect(open(bob, forged)).rejects.toMatchObject({ code: 'crypto/signature' });
  });

  test('cannot change the sender', async () => {
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'pay 5');
    const forged = changed(bytes, (wire) => {
      wire['sender'] = idOf('carol').text;
    });
    await expect(open(bob, forged)).rejects.toMatchObject({ code: 'crypto/signature' });
  });

  test('cannot redirect it: the key is not for the new receiver', async () => {
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'pay 5');
    const carol = await machine('carol', ['alice']);
    const swapped = changed(bytes, (wire) => {
      wire['receiver'] = idOf('carol').text;
    });
    await expect(open(carol, swapped)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    await expect(open(carol, bytes)).rejects.toMatchObject({ code: 'identity/not-found' });
  });

  test('cannot pass a message on under another key when the receiver is named inside', async () => {
    const message = {
      envelope: { sender: idOf('alice'), receiver: idOf('bob'), time: NOW },
      content: content(Text.create({ text: 'for bob only' }), { receiver: idOf('bob').text }),
    };
    const secure = await alice.encrypt(message);
    if (isWaiting(secure)) expect.unreachable();
    const bytes = alice.serialize(await alice.sign(secure));
    // Bob opens the key and encrypts it for Carol; data, IV and signature stay.
    const carolKey = await alice.barrack.encryptKey(idOf('carol'));
    const key = await alice.keyCache.sendingKey(idOf('alice'), idOf('bob'), idOf('bob').entity);
    if (!carolKey || !key) expect.unreachable();
    const wrapped = encodeBase64(await carolKey.encrypt(utf8Encode(JSON.stringify(key.toWire()))));
    const passedOn = changed(bytes, (wire) => {
      wire['receiver'] = idOf('carol').text;
      wire['key'] = wrapped;
      wire['keys'] = undefined;
    });
    const carol = await machine('carol', ['alice']);
    await expect(open(carol, passedOn)).rejects.toMatchObject({ code: 'crypto/decrypt' });
  });

  test('cannot sign the ciphertext of another sender as their own message', async () => {
    const envelope = { sender: idOf('alice'), receiver: idOf('bob'), time: NOW };
    const bound = bindEnvelope(content(Text.create({ text: 'my idea' })), envelope);
    const secure = await alice.encrypt({ envelope, content: bound });
    if (isWaiting(secure)) expect.unreachable();
    const bytes = alice.serialize(await alice.sign(secure));
    expect((await open(bob, bytes)).body).toEqual({ text: 'my idea' });
    const mallory = await machine('mallory');
    const signer = await mallory.barrack.requireSigner(idOf('mallory'));
    const stolen = changed(bytes, (wire) => {
      wire['sender'] = idOf('mallory').text;
    });
    const signature = await signer.sign(mallory.deserialize(stolen).data);
    const resigned = changed(stolen, (wire) => {
      wire['signature'] = encodeBase64(signature);
    });
    await expect(open(bob, resigned)).rejects.toMatchObject({ code: 'crypto/decrypt' });
  });

  test('cannot hide behind a member of the same name: such contents are not sent', () => {
    const envelope = { sender: idOf('alice'), receiver: idOf('bob'), time: NOW };
    const draft = Command.create({ command: 'dance', extra: { sender: 'somebody' } });
    expect(() => bindEnvelope(content(draft), envelope)).toThrow(TypeError);
  });

  test('cannot change the first block through the IV without being noticed', async () => {
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'pay 5');
    const genuine = await open(bob, bytes);
    const flipped = changed(bytes, (wire) => {
      wire['IV'] = flipBit(wire['IV']);
    });
    // The content begins with its time; type and serial number lie behind the first block.
    const outcome = await open(bob, flipped).catch((error: { code: string }) => error.code);
    if (typeof outcome === 'string') {
      expect(['crypto/decrypt', 'format/field']).toContain(outcome);
    } else {
      expect(outcome).toMatchObject({ kind: genuine.kind, sn: genuine.sn, body: genuine.body });
    }
  });

  test.each([
    ['group', () => group.text],
    ['type', () => '136'],
  ])('cannot rewrite the %s of the envelope', async (name, value) => {
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'pay 5');
    const forged = changed(bytes, (wire) => {
      wire[name] = value();
    });
    await expect(open(bob, forged)).rejects.toMatchObject({
      code: 'format/field',
      details: { field: name },
    });
  });
});

describe('message keys', () => {
  test('are found again for messages that carry none, in the same direction only', async () => {
    const first = await textMessage(alice, 'alice', idOf('bob'), 'one');
    const reader = await machine('bob', ['alice']);
    const bare = changed(await textMessage(alice, 'alice', idOf('bob'), 'two'), (wire) => {
      delete wire['key'];
      delete wire['keys'];
    });
    await expect(open(reader, bare)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    await open(reader, first);
    expect((await open(reader, bare)).body).toEqual({ text: 'two' });
  });

  test('of the network are never used for sending', async () => {
    const reader = await machine('bob', ['alice']);
    await open(reader, await textMessage(alice, 'alice', idOf('bob'), 'one'));
    expect(
      await reader.keyCache.sendingKey(idOf('bob'), idOf('alice'), idOf('alice').entity),
    ).toBeUndefined();
    expect(
      await reader.keyCache.sendingKey(idOf('alice'), idOf('bob'), idOf('bob').entity),
    ).toBeUndefined();
  });

  test('are not learnt from a message that is refused later', async () => {
    const reader = await machine('bob', ['alice']);
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'one');
    const forged = changed(bytes, (wire) => {
      wire['type'] = '136';
    });
    await expect(open(reader, forged)).rejects.toMatchObject({ code: 'format/field' });
    expect(await reader.keyCache.receivedKeys(idOf('alice'), idOf('bob'))).toEqual([]);
  });

  test('PLAIN is refused and leaves nothing behind', async () => {
    const signer = await alice.barrack.requireSigner(idOf('alice'));
    const bobKey = await alice.barrack.encryptKey(idOf('bob'));
    if (!bobKey) expect.unreachable();
    const data = utf8Encode(JSON.stringify({ type: 1, sn: 1, text: 'in the clear' }));
    const wire: JsonObject = {
      sender: idOf('alice').text,
      receiver: idOf('bob').text,
      time: NOW,
      data: encodeBase64(data),
      key: encodeBase64(await bobKey.encrypt(utf8Encode('{"algorithm":"PLAIN"}'))),
      signature: encodeBase64(await signer.sign(data)),
    };
    const reader = await machine('bob', ['alice']);
    await expect(open(reader, JSON.stringify(wire))).rejects.toMatchObject({
      code: 'crypto/decrypt',
    });
    expect(await reader.keyCache.receivedKeys(idOf('alice'), idOf('bob'))).toEqual([]);
  });

  test('are never made by a cipher that keeps no secret, or by one that is not there', async () => {
    const message = {
      envelope: { sender: idOf('alice'), receiver: idOf('bob'), time: NOW },
      content: content(Text.create({ text: 'not in the clear' })),
    };
    const { barrack } = alice;
    await expect(new Transceiver({ barrack, cipher: 'PLAIN' }).encrypt(message)).rejects.toThrow(
      TypeError,
    );
    await expect(
      new Transceiver({ barrack, cipher: 'ROT13' }).encrypt(message),
    ).rejects.toMatchObject({ code: 'unsupported/algorithm' });
  });

  test('are the same for following messages, so that they are wrapped once', async () => {
    const keyOf = async (): Promise<unknown> =>
      JSON.parse(utf8Decode(await textMessage(alice, 'alice', idOf('carol'), 'x')))['key'];
    expect(await keyOf()).toBe(await keyOf());
  });

  test('change when a member has left the group', async () => {
    const sender = await machine('alice', ['bob', 'dave'], ['team']);
    const keysOf = async (): Promise<Record<string, string>> =>
      JSON.parse(utf8Decode(await textMessage(sender, 'alice', group, 'x', { group })))['keys'];
    const before = await keysOf();
    expect(await keysOf()).toEqual(before);
    await sender.barrack.saveMembers(group, [idOf('alice'), idOf('bob')]);
    const after = await keysOf();
    expect(Object.keys(after).sort()).toEqual([idOf('alice').entity, idOf('bob').entity].sort());
    expect(after[idOf('bob').entity]).not.toBe(before[idOf('bob').entity]);
  });
});

describe('groups', () => {
  test('a member reads the whole message and their own copy of it', async () => {
    const whole = await textMessage(alice, 'alice', group, 'to all', { group });
    expect((await open(bob, whole)).body).toEqual({ text: 'to all' });
    const copy = trimMessage(alice.deserialize(whole), idOf('bob'), protocol.parseID);
    expect((await open(bob, alice.serialize(copy))).group?.entity).toBe(group.entity);
  });

  test('a sender who is not a member cannot speak', async () => {
    const mallory = await machine('mallory', ['bob']);
    const bytes = await textMessage(mallory, 'mallory', idOf('bob'), 'hello group', { group });
    await expect(open(bob, bytes)).rejects.toMatchObject({ code: 'policy/unauthorized' });
  });

  test('a sender who is not a member can ask to join', async () => {
    const mallory = await machine('mallory', ['bob']);
    const { Join } = await import('@dimp/extensions/groups');
    const message = {
      envelope: { sender: idOf('mallory'), receiver: idOf('bob'), time: NOW },
      content: content(Join.create({}, { group })),
    };
    const secure = await mallory.encrypt(message);
    if (isWaiting(secure)) expect.unreachable();
    const bytes = mallory.serialize(await mallory.sign(secure));
    expect((await open(bob, bytes)).kind).toBe('join');
  });
});

/** A content from one account to another, bound to nothing but what it says. */
async function contentMessage(from: Transceiver, sender: Name, what: Content): Promise<Uint8Array> {
  const envelope = { sender: idOf(sender), receiver: idOf('bob'), time: NOW };
  const secure = await from.encrypt({ envelope, content: what });
  if (isWaiting(secure)) expect.unreachable();
  return from.serialize(await from.sign(secure));
}

describe('what is said in a group by a detour', () => {
  test('counts inside arrays of any depth as if it stood alone', async () => {
    const mallory = await machine('mallory', ['bob']);
    const inner = content(Reset.create({ members: [idOf('mallory')] }, { group }));
    const array = content(ArrayContent.create({ contents: [inner] }));
    for (const what of [array, content(ArrayContent.create({ contents: [array] }))]) {
      const bytes = await contentMessage(mallory, 'mallory', what);
      await expect(open(bob, bytes)).rejects.toMatchObject({ code: 'policy/unauthorized' });
      expect((await open(bob, await contentMessage(alice, 'alice', what))).kind).toBe('array');
    }
  });

  test('needs a group, not a user', async () => {
    const what = content(Text.create({ text: 'x' }, { group: idOf('carol') }));
    await expect(open(bob, await contentMessage(alice, 'alice', what))).rejects.toMatchObject({
      code: 'format/field',
      details: { field: 'group' },
    });
  });

  test('is refused when receiving group and shown group differ', async () => {
    const other = 'Group-1280719982@7oMeWadRw4qat2sL4mTdcQSDAqZSo7LH5G';
    const what = content(Text.create({ text: 'x' }, { group: protocol.parseID(other) }));
    const envelope = { sender: idOf('alice'), receiver: group, time: NOW };
    const secure = await alice.encrypt({ envelope, content: what });
    if (isWaiting(secure)) expect.unreachable();
    const bytes = changed(alice.serialize(await alice.sign(secure)), (wire) => {
      wire['group'] = other;
    });
    await expect(open(bob, bytes)).rejects.toMatchObject({
      code: 'format/field',
      details: { field: 'group' },
    });
  });
});

describe('the steps of the pipeline', () => {
  test('an unverified message cannot be decrypted', async () => {
    const message = bob.deserialize(await textMessage(alice, 'alice', idOf('bob'), 'x'));
    const unverified: ReliableMessage = message;
    // @ts-expect-error only a verified message can be decrypted
    const attempt = bob.decrypt(unverified);
    await expect(attempt).rejects.toThrow(TypeError);
  });

  test('what one transceiver verified, another does not take', async () => {
    const bytes = await textMessage(alice, 'alice', idOf('bob'), 'x');
    const verified = await bob.verify(bob.deserialize(bytes));
    if (isWaiting(verified)) expect.unreachable();
    const other = await machine('bob', ['alice']);
    await expect(other.decrypt(verified)).rejects.toThrow(TypeError);
    const copy = { ...verified } as Verified<ReliableMessage>;
    await expect(bob.decrypt(copy)).rejects.toThrow(TypeError);
  });

  test('only users of this machine can sign', async () => {
    const message = {
      envelope: { sender: idOf('carol'), receiver: ANYONE, time: NOW },
      content: content(Text.create({ text: 'x' })),
    };
    const secure = await alice.encrypt(message);
    if (isWaiting(secure)) expect.unreachable();
    await expect(alice.sign(secure)).rejects.toMatchObject({ code: 'identity/not-found' });
  });

  test('a group or broadcast ID cannot be a sender', async () => {
    for (const sender of [group.text, ANYONE.text]) {
      const bytes = changed(await textMessage(alice, 'alice', idOf('bob'), 'x'), (wire) => {
        wire['sender'] = sender;
      });
      await expect(open(bob, bytes)).rejects.toMatchObject({ code: 'format/field' });
    }
  });

  test('unknown members of a message and of its content survive', async () => {
    const draft = Command.create({ command: 'dance', extra: { steps: [1, 2, 3] } });
    const message = {
      envelope: { sender: idOf('alice'), receiver: idOf('bob'), time: NOW },
      content: content(draft),
    };
    const secure = await alice.encrypt(message);
    if (isWaiting(secure)) expect.unreachable();
    const bytes = changed(alice.serialize(await alice.sign(secure)), (wire) => {
      wire['x-relay'] = { hop: 1 };
    });
    const relayed = bob.serialize(bob.deserialize(bytes));
    expect(JSON.parse(utf8Decode(relayed))).toEqual(JSON.parse(utf8Decode(bytes)));
    expect((await open(bob, relayed)).wire['steps']).toEqual([1, 2, 3]);
  });
});
