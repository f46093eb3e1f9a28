import type { Logger, Transceiver } from '@dimp/core';
import { type Envelope, type ReliableMessage, withoutStationMembers } from '@dimp/dkd';
import type { Freshness } from '@dimp/endpoint';
import { stringifyJson, utf8Encode } from '@dimp/foundation';
import { EntityType } from '@dimp/mkm';
import type { Neighbours } from '../federation/neighbours.ts';
import type { VerifyKey } from '../limits/verification-cost.ts';
import type { Session } from '../session/session.ts';
import type { CommandIntake } from './command-intake.ts';
import type { PayloadAck } from './payload-ack.ts';
import { evaluatePolicy, type Policy } from './policy.ts';
import { Refused } from './refused.ts';
import type { Router } from './router.ts';
import type { Throttle } from './throttle.ts';
import { verifyRelayed } from './verifier.ts';

/** Options for {@link Relay}. */
export interface RelayOptions {
  readonly transceiver: Transceiver;
  readonly freshness: Freshness;
  readonly router: Router;
  readonly commands: CommandIntake;
  readonly throttle: Throttle;
  readonly logger: Logger;
  readonly neighbours: Neighbours | undefined;
  readonly policy: Policy | undefined;
}

/** Checks one message after the other, and passes each to the command intake or the router. */
export class Relay {
  readonly #options: RelayOptions;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /**
   * Checks a message and passes it on.
   *
   * @param bytes - the message as received
   * @param ack - of the payload that the message came in
   * @returns `unknown-sender` if the meta of the sender has to arrive first
   * @throws a refusal; `store/` codes
   */
  async process(
    session: Session,
    message: ReliableMessage,
    bytes: Uint8Array,
    ack: PayloadAck,
  ): Promise<'done' | 'unknown-sender'> {
    const { router, transceiver, freshness, neighbours, policy, commands, throttle } =
      this.#options;
    const { envelope } = message;
    freshness.checkEnvelope(envelope);
    const destination = router.destination(envelope.receiver);
    const isOwn = destination === 'name' && (await router.isOwnName(envelope.receiver));
    if (destination === 'station' || isOwn) return commands.process(session, message);
    if (message.meta !== undefined) await commands.admitIdentity(session, message);
    const pay = (key: VerifyKey | undefined, count: number): Promise<void> =>
      throttle.verifications(session, key, count);
    if ((await verifyRelayed(transceiver, message, pay)) !== undefined) return 'unknown-sender';
    const returned = session.neighbour && (neighbours?.hasPassed?.(message) ?? false);
    // A message may come back only if it goes from one person to another (spec §11.8): otherwise it is a loop.
    if (returned && (destination !== 'user' || isOfStations(envelope))) return 'done';
    const { wire } = message;
    // A client could stop a message from spreading with these, or write the text of a push notification.
    const stripped = session.neighbour ? wire : withoutStationMembers(wire);
    const payload = stripped === wire ? bytes : utf8Encode(stringifyJson(stripped));
    if (policy !== undefined) await this.#checkPolicy(policy, session, message, payload.length);
    const passed = stripped === wire ? message : transceiver.deserialize(payload);
    const relayed = { message: passed, payload, session, ack, returned };
    if (destination === 'group') await router.toGroup(relayed);
    else if (destination !== 'all') await router.toUser(relayed);
    else {
      await router.toAll(relayed);
      return commands.process(session, message);
    }
    return 'done';
  }

  async #checkPolicy(
    policy: Policy,
    session: Session,
    { envelope }: ReliableMessage,
    size: number,
  ): Promise<void> {
    const { user, remote, neighbour } = session;
    const asked = { envelope, size, user, remote, neighbour };
    const refusal = await evaluatePolicy(policy, asked, this.#options.logger);
    if (refusal !== undefined) throw new Refused(refusal.code, refusal.text);
  }
}

function isOfStations({ sender, receiver }: Envelope): boolean {
  return sender.type === EntityType.Station || receiver.type === EntityType.Station;
}
