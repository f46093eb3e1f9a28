// One attack on a station, in a process of its own, until it is killed. Once a second it reports how often it has struck.
//   attacker.js KIND HOST PORT
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Messenger } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { isWaiting, type Transport } from '@dimp/core';
import { handshakeStart } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { randomBytes } from '@dimp/foundation';
import { ANY_STATION } from '@dimp/mkm';
import { acceptTcp, connectTcp } from '@dimp/transport-tcp';
import { KINDS, newPerson, type Person } from '../people.ts';

const [kind = '', host = '', portText = ''] = process.argv.slice(2);
const port = Number(portText);
/** Not the address of the honest users, as a stranger would have one of their own. */
const localAddress = '127.0.0.66';
const maxPayloadBytes = 1024 * 1024;
/** Connections of an attack that are open at a time. */
const AT_ONCE = 64;
let strikes = 0;
setInterval(() => process.send?.({ strikes }), 1000);

const attacks: Readonly<Record<string, () => Promise<void>>> = { logins, garbage, messages };
const attack = attacks[kind];
if (attack === undefined) throw new TypeError(`unknown attack: ${kind}`);
await attack();

/** Log-in attempts with valid signatures of fresh identities: the most expensive question a stranger can ask. */
async function logins(): Promise<void> {
  const offers: Uint8Array[] = [];
  for (let i = 0; i < 8; i++) offers.push(await offerOf(await stranger()));
  await everywhere(async (round) => {
    const transport = await open();
    const offer = offers[round % offers.length];
    if (offer !== undefined) await transport.send(offer);
    strikes += 1;
    for await (const arrival of transport.incoming) {
      arrival.acknowledge();
      break;
    }
    await transport.close();
  });
}

/** Bytes that no protocol knows, and messages without a valid signature. */
async function garbage(): Promise<void> {
  const offer = new TextDecoder().decode(await offerOf(await stranger()));
  const forged = new TextEncoder().encode(offer.replace(/"signature":"..../, '"signature":"AAAA'));
  await everywhere(async (round) => {
    if (round % 2 === 0) {
      const socket = connect({ host, port, localAddress }).on('error', () => undefined);
      socket.end(randomBytes(32_768));
      await new Promise((resolve) => socket.once('close', resolve));
      strikes += 1;
      return;
    }
    const transport = await open();
    for (let i = 0; i < 16; i++, strikes++) await transport.send(forged);
    await transport.close();
  });
}

/** A user who has logged in and writes to another one as fast as the station takes it. */
async function messages(): Promise<void> {
  const [sender, receiver] = [await stranger(), await stranger()];
  const { facebook } = sender;
  const [meta, visa] = [
    await receiver.facebook.meta(receiver.id),
    await receiver.facebook.document(receiver.id),
  ];
  if (meta !== undefined) await facebook.saveMeta(meta.wire, receiver.id);
  if (visa !== undefined) await facebook.saveDocument(visa.wire, receiver.id);
  const messenger = new Messenger({ facebook });
  const stations = [{ connect: connectTcp({ host, port }), host, port }];
  const session = new StationSession({ messenger, stations, user: sender.id });
  await session.start();
  await session.online(AbortSignal.timeout(30_000));
  for (;;) {
    await messenger.send(Text.create({ text: `message ${strikes}` }), receiver.id);
    strikes += 1;
    if (strikes % 32 === 0) await sleep(1);
  }
}

/** Repeats a strike over many connections, also when the station refuses it. */
async function everywhere(strike: (round: number) => Promise<void>): Promise<void> {
  let round = 0;
  const one = async (): Promise<never> => {
    for (;;) await strike(round++).catch(() => sleep(5));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** A connection from the stranger's address. */
function open(): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, localAddress, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(acceptTcp(socket, { maxPayloadBytes })));
  });
}

function stranger(): Promise<Person> {
  const ed25519 = KINDS.find(({ name }) => name === 'Ed25519');
  if (ed25519 === undefined) throw new TypeError('there is no Ed25519');
  return newPerson(ed25519);
}

async function offerOf({ messenger }: Person): Promise<Uint8Array> {
  const attached = { attachMeta: true, attachVisa: true };
  const message = await messenger.pack(handshakeStart(), ANY_STATION, attached);
  if (isWaiting(message)) throw new Error('a message to any station needs nothing');
  return messenger.serialize(message);
}
