import { isWaiting } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import type { DocumentsBody, HandshakeBody } from '@dimp/endpoint';
import { definedOnly, ProtocolError } from '@dimp/foundation';
import { ANY_STATION, EVERY_STATION, EVERYONE, type ID } from '@dimp/mkm';
import type { Messenger } from '../messenger/messenger.ts';
import type { MessagePackOptions } from '../outbox/message-packer.ts';

/** What a user announces about their program (spec §9.7). */
export interface ProgramInfo {
  /** Name and version of the program. */
  readonly agent?: string;
  /** Name of the device. */
  readonly device?: string;
}

/** A packed message, and the time of the visa in it, in seconds. */
export interface PackedVisa {
  readonly bytes: Uint8Array;
  readonly time: number | undefined;
}

const HELLO = 'Hello world!';

/**
 * Packs the messages that a client sends to its station by itself (spec §9.4–9.8). They are not stored, because each
 * login repeats them.
 */
export class Announcements {
  readonly #messenger: Messenger;
  readonly #user: ID;
  readonly #info: ProgramInfo;

  constructor(messenger: Messenger, user: ID, info: ProgramInfo) {
    this.#messenger = messenger;
    this.#user = user;
    this.#info = info;
  }

  /**
   * The offer to log in, in the clear and addressed to any station, with the meta and visa that the station needs to
   * answer (spec §11.6).
   */
  async hello(): Promise<Uint8Array> {
    // After an update of this program, the visa must tell peers what it can read.
    await this.#messenger.facebook.announceAbilities(this.#user);
    const body: HandshakeBody = { title: HELLO, state: 'start' };
    const draft = { kind: 'handshake', body, group: EVERY_STATION };
    return this.#pack(draft, ANY_STATION, { attachMeta: true, attachVisa: true });
  }

  /** The offer with the session key of the station, encrypted for the station. */
  helloAgain(station: ID, session: string): Promise<Uint8Array> {
    const body: HandshakeBody = { title: HELLO, session, state: 'restart' };
    return this.#pack({ kind: 'handshake', body }, station);
  }

  /** Our newest visa, which stations give to peers who ask; undefined if there is none. */
  async visa(): Promise<PackedVisa | undefined> {
    const { facebook } = this.#messenger;
    const did = this.#user;
    const visa = await facebook.document(did);
    if (visa === undefined) return undefined;
    const meta = await facebook.meta(did);
    const body: DocumentsBody = {
      did,
      ...definedOnly({ meta: meta?.wire }),
      documents: [visa.wire],
    };
    return { bytes: await this.#pack({ kind: 'documents', body }, EVERYONE), time: visa.time };
  }

  /** Our location, for all stations. */
  login(did: ID, host: string, port: number): Promise<Uint8Array> {
    const body = { did: this.#user, ...this.#info, station: { did, host, port } };
    return this.#pack({ kind: 'login', body }, EVERYONE);
  }

  /** Whether we accept messages now. */
  report(station: ID, title: 'online' | 'offline'): Promise<Uint8Array> {
    return this.#pack({ kind: 'report', body: { title } }, station);
  }

  /** The question whom a short name stands for. */
  names(station: ID, names: readonly string[]): Promise<Uint8Array> {
    return this.#pack({ kind: 'ans', body: { names } }, station);
  }

  async #pack(draft: Draft, receiver: ID, options: MessagePackOptions = {}): Promise<Uint8Array> {
    const messenger = this.#messenger;
    const message = await messenger.pack(draft, receiver, {
      ...options,
      sender: this.#user,
    });
    if (!isWaiting(message)) return messenger.serialize(message);
    throw new ProtocolError('identity/not-found', 'the station must send its visa', {
      details: { id: receiver.text },
    });
  }
}
