// A key algorithm of your own: NIST P-256. The plug-in is in p256.ts. This program runs the compliance suite that our own
// algorithms pass, and then signs a message with the plug-in.
import { Facebook, Messenger, register } from '@dimp/client';
import { createProtocol, defineExtension, isWaiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { keyAlgorithmCompliance, type TestFunction } from '@dimp/testing/compliance';
import { p256 } from './p256.ts';

// 1. Compliance. The suite registers tests by name. `test` of vitest, jest or node:test works as well as this list.
const tests: Parameters<TestFunction>[] = [];
keyAlgorithmCompliance((name, run) => tests.push([name, run]), p256);
for (const [name, run] of tests) {
  try {
    await run();
  } catch (error) {
    throw new Error(`P256 fails: ${name}`, { cause: error });
  }
}
console.log(`P256 passes the ${tests.length} tests for key algorithms`);

// 2. Register the plug-in. From here on the compiler knows the name "P256" and the abilities of its keys.
const protocol = createProtocol(standard(), defineExtension({ name: 'p256', keys: [p256] }));
const key = await protocol.keys.generate('P256');
console.log(`a ${key.algorithm} key signs ${(await key.sign(new Uint8Array(3))).length} bytes`);
// @ts-expect-error -- P-256 keys cannot decrypt, and the compiler says so
key.decrypt;

// 3. An identity. Meta type 1 (MKM) derives the address from a signature, so it works with any algorithm that signs. The
// visa contains another key, for encryption; an RSA key by default.
const mokis = new Facebook({ protocol, store: memoryStore() });
const moki = await register('moki', { facebook: mokis, algorithm: 'P256', metaType: '1' });
const hulks = new Facebook({ protocol, store: memoryStore() });
const hulk = await register('hulk', { facebook: hulks });
console.log(`${moki.id} has a ${(await moki.meta())?.key.algorithm} key`);

// 4. A message signed with the key. A receiver without the plug-in would refuse it with `unsupported/algorithm`.
const meta = await hulk.meta();
const visa = await hulk.visa();
if (meta === undefined || visa === undefined) throw new Error('register saves both');
await mokis.saveMeta(meta.wire, hulk.id);
await mokis.saveDocument(visa.wire, hulk.id);
const outbox = new Messenger({ facebook: mokis });
const message = await outbox.pack(Text.create({ text: 'signed with P-256' }), hulk.id, {
  attachMeta: true,
});
if (isWaiting(message)) throw new Error('moki knows hulk');
const received = await new Messenger({ facebook: hulks }).unpack(outbox.serialize(message));
if (isWaiting(received) || received.content.kind !== 'text') throw new Error('moki sent a text');
console.log(`hulk reads: ${received.content.body.text}`);
