import { Facebook, Messenger, type SendPackage } from '@dimp/client';
import { bindEnvelope, isWaiting, type Store, Transceiver, type Waiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { InstantMessage } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import type { ID } from '@dimp/mkm';
import { introduce, KINDS, type Kind, newPerson, type Person, protocol } from './people.ts';
import { copyInto, type StoreKind } from './stores.ts';
import type { Bench, Suite } from './suite.ts';

/** Messages of a round. */
const BATCH = 100;
const TEXT = 'a'.repeat(100);

/**
 * Sending and receiving as an application does it, against the transceiver alone over memory: what storage, order,
 * protection against replay, and receipts cost.
 */
export function messenger(stores: readonly StoreKind[]): Suite {
  return async (bench) => {
    for (const kind of KINDS.filter(({ name }) => name === 'RSA-2048' || name === 'ECC')) {
      if (!bench.wants(`send/${kind.name}`) && !bench.wants(`receive/${kind.name}`)) continue;
      const alice = await newPerson(kind);
      const bob = await newPerson(kind);
      await introduce(alice, bob);
      const incoming = await messagesFrom(alice, bob.id, BATCH * bench.rounds);
      for (const store of stores) {
        for (const order of ORDERS) {
          await sending(bench, { kind, store, order, alice, bob });
          await receiving(bench, { kind, store, order, alice, bob }, incoming);
        }
      }
    }
  };
}

/** How the messages of a round are processed. */
interface Order {
  readonly name: string;
  run(tasks: readonly (() => Promise<unknown>)[]): Promise<void>;
}

const ORDERS: readonly Order[] = [
  {
    name: 'one by one',
    async run(tasks) {
      for (const task of tasks) await task();
    },
  },
  {
    name: `${BATCH} at once`,
    async run(tasks) {
      await Promise.all(tasks.map((task) => task()));
    },
  },
];

interface Case {
  readonly kind: Kind;
  readonly store: StoreKind;
  readonly order: Order;
  readonly alice: Person;
  readonly bob: Person;
}

/** From a draft to bytes that are on disk and handed to the transport. */
async function sending(bench: Bench, { kind, store, order, alice, bob }: Case): Promise<void> {
  const name = `send/${kind.name}/${store.name}/${order.name}`;
  if (!bench.wants(name)) return;
  let handed = 0;
  let last = new Uint8Array();
  const client = await openClient(alice, await store.open(), async (bytes) => {
    handed += 1;
    last = new Uint8Array(bytes);
  });
  await getAcquainted(client, () => last, bob);
  const alone = aloneOf(alice);
  const send = async (): Promise<void> => {
    const delivery = await client.messenger.send(Text.create({ text: TEXT }), bob.id);
    await delivery.reached('sent');
  };
  const pack = async (): Promise<void> => void (await packedBy(alone, alice.id, bob.id));
  const before = handed;
  await bench.batches(name, BATCH, {
    subject: () => order.run(repeated(send)),
    bare: () => order.run(repeated(pack)),
  });
  expectAll(handed - before, BATCH * bench.rounds);
  await client.close();
}

/** From bytes to a content that a handler has received and the store records as handled. */
async function receiving(
  bench: Bench,
  { kind, store, order, alice, bob }: Case,
  incoming: readonly Uint8Array[],
): Promise<void> {
  const name = `receive/${kind.name}/${store.name}/${order.name}`;
  if (!bench.wants(name)) return;
  const client = await openClient(bob, await store.open());
  let shown = 0;
  client.messenger.handle(Text, () => {
    shown += 1;
  });
  const alone = aloneOf(bob);
  const open = async (bytes: Uint8Array): Promise<void> => {
    const verified = await alone.verify(alone.deserialize(bytes));
    await alone.decrypt(present(verified));
  };
  const openAndAnswer = async (bytes: Uint8Array): Promise<void> => {
    await open(bytes);
    await packedBy(alone, bob.id, alice.id);
  };
  const batch = (round: number) => incoming.slice(round * BATCH, (round + 1) * BATCH);
  await bench.batches(name, BATCH, {
    subject: async (round) => {
      await order.run(batch(round).map((bytes) => () => client.messenger.receivedPackage(bytes)));
      await client.messenger.idle();
    },
    bare: (round) => order.run(batch(round).map((bytes) => () => open(bytes))),
    receipt: (round) => order.run(batch(round).map((bytes) => () => openAndAnswer(bytes))),
  });
  expectAll(shown, BATCH * bench.rounds);
  await client.close();
}

interface Client {
  readonly messenger: Messenger<typeof protocol>;
  close(): Promise<void>;
}

/** A client with a user's keys and contacts. No timer runs, so messages without a receipt are not sent again. */
async function openClient(
  person: Person,
  store: Store,
  sendPackage?: SendPackage,
): Promise<Client> {
  await copyInto(store, person.facebook.store);
  const facebook = new Facebook({ protocol, store });
  const client = new Messenger({
    facebook,
    timers: { after: () => ({ [Symbol.dispose]: () => {} }) },
    ...(sendPackage === undefined ? {} : { sendPackage }),
  });
  await client.start();
  return {
    messenger: client,
    async close() {
      await client[Symbol.asyncDispose]();
      await facebook[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** After a first receipt the messages no longer carry meta and visa. */
async function getAcquainted(client: Client, sent: () => Uint8Array, bob: Person): Promise<void> {
  const delivery = await client.messenger.send(Text.create({ text: TEXT }), bob.id);
  await delivery.reached('sent');
  const peer = await openClient(bob, memoryStore());
  peer.messenger.handle(Text, () => undefined);
  for (const answer of await peer.messenger.receivedPackage(sent())) {
    await client.messenger.receivedPackage(answer);
  }
  await delivery.reached('received');
  await peer.close();
}

async function messagesFrom(person: Person, receiver: ID, count: number): Promise<Uint8Array[]> {
  const alone = aloneOf(person);
  const messages: Uint8Array[] = [];
  for (let i = 0; i < count; i++) messages.push(await packedBy(alone, person.id, receiver));
  return messages;
}

/** The transceiver alone. */
function aloneOf({ facebook }: Person): Transceiver {
  return new Transceiver({ barrack: facebook });
}

/** A text as bytes of a message, by the transceiver alone. */
async function packedBy(alone: Transceiver, sender: ID, receiver: ID): Promise<Uint8Array> {
  const content = protocol.contents.stamp(Text.create({ text: TEXT }), { time: Date.now() / 1000 });
  const envelope = { sender, receiver, time: content.time ?? 0 };
  const instant: InstantMessage = { envelope, content: bindEnvelope(content, envelope) };
  return alone.serialize(await alone.sign(present(await alone.encrypt(instant))));
}

function present<T extends object>(outcome: T | Waiting): T {
  if (isWaiting(outcome))
    throw new Error('the message waits for an identity, which should be known');
  return outcome;
}

function repeated(task: () => Promise<unknown>): readonly (() => Promise<unknown>)[] {
  return Array.from({ length: BATCH }, () => task);
}

function expectAll(done: number, wanted: number): void {
  if (done !== wanted) throw new Error(`${done} of ${wanted} messages`);
}
