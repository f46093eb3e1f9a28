import type { Random } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import type { Draft } from '@dimp/dkd';
import type { HandshakeBody } from '@dimp/endpoint';
import { Handshake, handshakeAgain, handshakeSuccess, receiptFor } from '@dimp/extensions/commands';
import { type ID, sameEntity } from '@dimp/mkm';
import type { StationCommand } from '../commands/command.ts';
import type { Session } from './session.ts';

/** Result of a handshake. */
export interface HandshakeOutcome {
  readonly answers: readonly Draft[];
  /** The user who has logged in. */
  readonly login?: ID;
}

const SPEED_TEST = 'Nice to meet you!';
const SPEED_ANSWER = 'Nice to meet you too!';

/**
 * Logs users in (spec §9.4, §11.6). The command is verified and decrypted. A user proves who they are by a signed
 * message with the session key that the station has sent, encrypted, to this user over this connection only. A
 * handshake recorded on another connection contains another key.
 */
export class Handshakes {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  process(command: StationCommand<HandshakeBody>, session: Session): HandshakeOutcome {
    const { envelope, content, message } = command;
    const { sender } = envelope;
    const { title, session: key, state } = content.body;
    if (title === SPEED_TEST) return { answers: [speedAnswer(session.remote)] };
    // An answer to a station that logs in here as well would start a loop.
    if (state === 'success' || state === 'again') return { answers: [] };
    if (session.user !== undefined && !sameEntity(session.user, sender)) {
      const { signature } = message;
      const options = { sn: content.sn, signature, code: 'policy/unauthorized' } as const;
      return { answers: [receiptFor(envelope, 'Permission denied.', options)] };
    }
    if (key === undefined || !session.acceptsKey(sender, key)) {
      const remote_address = addressOf(session.remote);
      const again = handshakeAgain(session.keyFor(sender, this.#random), { remote_address });
      return { answers: [again] };
    }
    return { answers: [handshakeSuccess(key)], login: sender };
  }

  /** Demands a login before anything else (spec §11.6). */
  demand(user: ID, session: Session): Draft {
    return handshakeAgain(session.keyFor(user, this.#random), { force: true });
  }
}

function speedAnswer(remote: RemoteAddress): Draft {
  return Handshake.create({ title: SPEED_ANSWER, remote_address: addressOf(remote) });
}

function addressOf({ address, port }: RemoteAddress): readonly [string, number] {
  return [address, port];
}
