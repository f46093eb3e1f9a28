import { canDecrypt, type DecryptKey, type Signer } from '@dimp/crypto';
import type { Content, InstantMessage, ReliableMessage } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { decodeBase64, encodeBase64, type Json, utf8Decode, utf8Encode } from '@dimp/foundation';
import { type Document, EntityType, type ID, type Meta, signDocument } from '@dimp/mkm';
import { Barrack, bindEnvelope, isWaiting, type KeyOwners, Transceiver } from '../src/index.ts';
import { MemoryArchive } from '../src/memory.ts';
import { content, NOW, protocol } from './protocol.ts';

/** Properties that a terminal of a peer announces. */
export interface TerminalPlan {
  readonly terminal?: string;
  readonly accepts?: readonly string[];
  /** When its visa was signed, in seconds since the epoch. */
  readonly time?: number;
}

/** A user with new keys, and a transceiver for each of their terminals. */
export interface Peer {
  readonly id: ID;
  readonly meta: Meta;
  readonly signer: Signer;
  readonly visas: readonly Document[];
  readonly messageKeys: readonly DecryptKey[];
  /** One for each terminal, which has that terminal's key alone. */
  readonly devices: readonly Device[];
  /** The first terminal's. */
  readonly device: Device;
}

/** A machine with its own archive. */
export interface Device {
  readonly archive: MemoryArchive;
  readonly barrack: Barrack;
  readonly transceiver: Transceiver;
}

/** A program that opens what is sealed with AES-GCM. */
export const AEAD: TerminalPlan = { accepts: ['aead-1'] };
/** An older program. */
export const OLD: TerminalPlan = {};

/** Makes a user with a 1,024-bit key for each terminal, so that the limits of such keys are met. */
export async function makePeer(
  plans: readonly TerminalPlan[] = [AEAD],
  keyOwners?: () => KeyOwners,
): Promise<Peer> {
  const signer = await protocol.keys.generate('ECC');
  const meta = await protocol.metas.generate({ type: '4', signer });
  const id = protocol.metas.makeID(meta, EntityType.User);
  const visas: Document[] = [];
  const messageKeys: DecryptKey[] = [];
  for (const { terminal, accepts, time = NOW - 100 } of plans) {
    const key = await protocol.keys.generate('RSA', { bits: 1024 });
    if (!canDecrypt(key)) throw new TypeError('RSA keys decrypt');
    messageKeys.push(key);
    const properties = {
      key: key.publicKey.toWire(),
      ...(accepts === undefined ? {} : { accepts }),
    };
    const named = terminal === undefined ? {} : { terminal };
    visas.push(
      await signDocument({ did: id, type: 'visa', properties, now: time, ...named }, signer),
    );
  }
  const devices = messageKeys.map((key) => {
    const archive = new MemoryArchive();
    archive.addIdentity({ id, signer, decryptKeys: [key] });
    return deviceOf(archive, keyOwners?.());
  });
  const [device] = devices;
  if (device === undefined) throw new TypeError('a peer needs a terminal');
  const peer = { id, meta, signer, visas, messageKeys, devices, device };
  for (const each of devices) await introduce(each, peer);
  return peer;
}

/** A machine on an archive. */
export function deviceOf(archive: MemoryArchive, keyOwners?: KeyOwners): Device {
  const barrack = new Barrack(protocol, archive, { clock: { now: () => NOW * 1000 } });
  const owners = keyOwners === undefined ? {} : { keyOwners };
  return { archive, barrack, transceiver: new Transceiver({ barrack, ...owners }) };
}

/** Lets a machine know others. */
export async function introduce({ barrack }: Device, ...peers: readonly Peer[]): Promise<void> {
  for (const { id, meta, visas } of peers) {
    await barrack.saveMeta(meta, id);
    for (const visa of visas) await barrack.saveDocument(visa, id);
  }
}

/** Lets all terminals of some peers know each other. */
export async function acquaint(...peers: readonly Peer[]): Promise<void> {
  for (const { devices } of peers) for (const each of devices) await introduce(each, ...peers);
}

/** Makes a group whose members some machines know. */
export async function makeGroup(
  name: string,
  founder: Peer,
  members: readonly Peer[],
): Promise<ID> {
  const meta = await protocol.metas.generate({ type: '1', signer: founder.signer, seed: name });
  const id = protocol.metas.makeID(meta, EntityType.Group);
  for (const { devices } of members) {
    for (const { barrack } of devices) {
      await barrack.saveMeta(meta, id);
      await barrack.saveMembers(
        id,
        members.map((member) => member.id),
      );
    }
  }
  return id;
}

/** Encrypts and signs a content. */
export async function pack(
  { transceiver }: Device,
  sender: ID,
  receiver: ID,
  content: Content,
  options: Parameters<Transceiver['encrypt']>[1] = {},
): Promise<ReliableMessage> {
  const secure = await transceiver.encrypt(
    { envelope: { sender, receiver, time: NOW }, content },
    options,
  );
  if (isWaiting(secure)) throw new Error(`waiting for ${secure.for}`);
  return transceiver.sign(secure, options);
}

/** A message as JSON, to be changed on the way. */
export function wireOf(message: ReliableMessage): Record<string, Json> {
  return JSON.parse(JSON.stringify(message.wire)) as Record<string, Json>;
}

/** Opens a message all the way. */
export async function openMessage(
  { transceiver }: Device,
  message: ReliableMessage | Record<string, Json>,
): Promise<InstantMessage> {
  const wire = 'envelope' in message ? wireOf(message as ReliableMessage) : message;
  const verified = await transceiver.verify(transceiver.deserialize(JSON.stringify(wire)));
  if (isWaiting(verified)) throw new Error(`waiting for ${verified.for}`);
  return transceiver.decrypt(verified);
}

/** Signs the data of a message again, as another user who claims it. */
export async function resign(
  wire: Record<string, Json>,
  thief: Peer,
): Promise<Record<string, Json>> {
  const changed = { ...wire, sender: thief.id.text };
  const { data } = thief.device.transceiver.deserialize(JSON.stringify(changed));
  return { ...changed, signature: encodeBase64(await thief.signer.sign(data)) };
}

/** A message key as JSON. */
export interface KeyObject {
  readonly algorithm: string;
  readonly data: string;
  readonly [name: string]: Json;
}

/** A message as a program of another generation makes it: any content, any key object, any IV. */
export async function craft(options: {
  readonly from: Peer;
  readonly to: Peer;
  readonly text: string | Uint8Array;
  readonly key: KeyObject;
  readonly iv?: Uint8Array;
  readonly extra?: Record<string, Json>;
}): Promise<Record<string, Json>> {
  const { from, to, text, iv, extra = {} } = options;
  const key = protocol.keys.parseSymmetric(options.key);
  const plaintext = typeof text === 'string' ? utf8Encode(text) : text;
  const carrier = iv === undefined ? {} : { IV: encodeBase64(iv) };
  const sealed = await key.encrypt(plaintext, carrier);
  const [receiverKey] = to.messageKeys;
  if (receiverKey === undefined) throw new TypeError('the receiver has no key');
  const wrapped = await receiverKey.publicKey.encrypt(utf8Encode(JSON.stringify(options.key)));
  return {
    sender: from.id.text,
    receiver: to.id.text,
    time: NOW,
    ...(options.key['iv'] === undefined ? { ...sealed.extra } : {}),
    data: encodeBase64(sealed.ciphertext),
    key: encodeBase64(wrapped),
    signature: encodeBase64(await from.signer.sign(sealed.ciphertext)),
    ...extra,
  } as Record<string, Json>;
}

/** Opens the wrapped key of a message and shows the key object. */
export async function keyObject(wire: Record<string, Json>, peer: Peer): Promise<Json> {
  const wrapped = decodeBase64(String(wire['key']));
  const [key] = peer.messageKeys;
  if (key === undefined) throw new TypeError('the peer has no key');
  return JSON.parse(utf8Decode(await key.decrypt(wrapped))) as Json;
}

/** A text content that names sender and receiver, as the client makes it. */
export function said(text: string, from: Peer, to: Peer): Content {
  const envelope = { sender: from.id, receiver: to.id, time: NOW };
  return bindEnvelope(content(Text.create({ text })), envelope);
}

/** Base64 with one bit changed. */
export function flip(base64: Json | undefined, bit: number): string {
  const bytes = decodeBase64(String(base64));
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return encodeBase64(bytes);
}

/** A device of a peer that has opened nothing yet. */
export async function fresh(peer: Peer, ...known: readonly Peer[]): Promise<Device> {
  const archive = new MemoryArchive();
  archive.addIdentity({ id: peer.id, signer: peer.signer, decryptKeys: peer.messageKeys });
  const device = deviceOf(archive);
  await introduce(device, peer, ...known);
  return device;
}
