import { Facebook, Messenger } from '@dimp/client';
import {
  type Arrival,
  bindEnvelope,
  isWaiting,
  type Store,
  Transceiver,
  type Transport,
} from '@dimp/core';
import { Text } from '@dimp/extensions/contents';
import { type ID, signDocument } from '@dimp/mkm';
import { introduce, KINDS, newPerson, type Person, protocol } from './people.ts';
import { copyInto, type StoreKind } from './stores.ts';

/** What waits at the station when the program starts. */
const MESSAGES = 10_000;
const SENDERS = 20;
const TEXT = 'a'.repeat(100);
/** As many payloads as transports let wait for an acknowledgement. */
const UNACKNOWLEDGED = 64;
const PREFIX = 'catch up';

/** What `catchUp` was asked for. */
export interface CatchUpOptions {
  readonly wants: (name: string) => boolean;
  readonly report: (line: object) => void;
  readonly messages?: number;
  /** Seconds; of the processor instead of the wall if the machine has other work. */
  readonly clock?: () => number;
}

/**
 * Measures how fast a program takes in what has waited for it at a station: from the payloads of a connection to handlers that
 * have run, records on disk, and signed receipts.
 */
export async function catchUp(
  stores: readonly StoreKind[],
  { wants, report, messages = MESSAGES, clock = wallClock }: CatchUpOptions,
): Promise<void> {
  const wanted = stores.flatMap((store) =>
    RECEIPTS.filter((receipts) => wants(`${PREFIX}/${store.name}/${receipts}`)).map(
      (receipts) => ({ store, receipts }) as const,
    ),
  );
  if (wanted.length === 0) return;
  const kind = KINDS.find(({ name }) => name === 'RSA-2048');
  if (kind === undefined) throw new Error('there is no such kind');
  const bob = await newPerson(kind);
  const senders = await Promise.all(Array.from({ length: SENDERS }, () => newPerson(kind)));
  for (const sender of senders) await introduce(sender, bob);
  const payloads = await payloadsFrom(senders, bob.id, messages);
  for (const { store, receipts } of wanted) {
    const seconds = await timed(await store.open(), bob, senders, receipts, payloads, clock);
    const name = `${PREFIX}/${store.name}/${receipts}`;
    report({ name, messagesPerSecond: Math.round(messages / seconds) });
  }
}

const wallClock = (): number => performance.now() / 1000;

/** Whether the senders' programs read an array of receipts. */
const RECEIPTS = ['gathered receipts', 'single receipts'] as const;

async function timed(
  store: Store,
  bob: Person,
  senders: readonly Person[],
  receipts: (typeof RECEIPTS)[number],
  payloads: readonly Uint8Array[],
  clock: () => number,
): Promise<number> {
  await copyInto(store, bob.facebook.store);
  const facebook = new Facebook({ protocol, store });
  for (const sender of senders) {
    if (receipts === 'gathered receipts') await announceArrays(sender, facebook);
    await facebook.addContact(bob.id, sender.id);
  }
  const messenger = new Messenger({ facebook });
  let shown = 0;
  messenger.handle(Text, () => {
    shown += 1;
  });
  await messenger.start();
  const start = clock();
  await messenger.connect(waitingAtStation(payloads));
  await messenger.idle();
  const seconds = clock() - start;
  if (shown !== payloads.length) throw new Error(`${shown} of ${payloads.length} messages`);
  await messenger.close();
  await facebook.close();
  await store.close();
  return seconds;
}

/** A connection over which payloads come as fast as they are acknowledged. */
function waitingAtStation(payloads: readonly Uint8Array[]): Transport {
  let acknowledged = 0;
  let changed: (() => void) | undefined;
  async function* incoming(): AsyncGenerator<Arrival> {
    for (const [index, payload] of payloads.entries()) {
      while (index - acknowledged >= UNACKNOWLEDGED) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
      const acknowledge = (): void => {
        acknowledged += 1;
        changed?.();
      };
      yield { payload, acknowledge };
    }
    while (acknowledged < payloads.length) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  }
  return {
    incoming: incoming(),
    send: async () => {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Messages in turn from each sender, as the station has stored them. */
async function payloadsFrom(
  senders: readonly Person[],
  receiver: ID,
  count: number,
): Promise<readonly Uint8Array[]> {
  const packers = senders.map(({ facebook, id }) => ({
    id,
    transceiver: new Transceiver({ barrack: facebook }),
  }));
  const payloads: Uint8Array[] = [];
  while (payloads.length < count) {
    for (const { id, transceiver } of packers) {
      const time = Date.now() / 1000;
      const content = protocol.contents.stamp(Text.create({ text: TEXT }), { time });
      const envelope = { sender: id, receiver, time };
      const secure = await transceiver.encrypt({
        envelope,
        content: bindEnvelope(content, envelope),
      });
      if (isWaiting(secure)) throw new Error('the receiver has no visa');
      payloads.push(transceiver.serialize(await transceiver.sign(secure)));
    }
  }
  return payloads.slice(0, count);
}

/** Gives a facebook a visa of a person whose program reads arrays of receipts. */
async function announceArrays({ facebook, id }: Person, to: Facebook): Promise<void> {
  const visa = await facebook.document(id);
  const signer = await facebook.requireSigner(id);
  const properties = { ...visa?.properties, accepts: ['chat-1'] };
  const now = (visa?.time ?? 0) + 1;
  await to.saveDocument(await signDocument({ did: id, type: 'visa', properties, now }, signer), id);
}
