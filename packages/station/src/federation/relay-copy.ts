import type { ReliableMessage } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import {
  type JsonObject,
  ownMember,
  ProtocolError,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import { EntityType, type ID } from '@dimp/mkm';
import type { Route } from './route-table.ts';
import { listOf, MAX_TRACES, stationsIn } from './traces.ts';

/** Options for {@link RelayCopies}. */
export interface RelayCopiesOptions {
  readonly facebook: Facebook;
  /** This station. */
  readonly id: ID;
  /** The route to a user. */
  readonly routeOf: (user: ID) => Route | undefined;
}

/** A message as it is sent to a neighbour. */
export interface RelayCopy {
  readonly sender: ID;
  readonly bytes: Uint8Array;
}

/** Longest message that a neighbour accepts, in bytes. */
const MAX_BYTES = 1024 * 1024;
/** How often a message may pass one station. */
const MAX_VISITS = 2;

/** Makes copies of messages for neighbours. A copy names the stations that the message has passed (spec §11.8). */
export class RelayCopies {
  readonly #options: RelayCopiesOptions;

  constructor(options: RelayCopiesOptions) {
    this.#options = options;
  }

  /** Whether a message has already passed this station. */
  hasPassed(message: ReliableMessage): boolean {
    const { id, facebook } = this.#options;
    return stationsIn(message, 'traces', facebook.protocol.parseID).includes(id.entity);
  }

  /**
   * Makes the copy for a neighbour.
   *
   * @param introduces - whether the meta of a sender is attached, so that the neighbour can verify the message (spec
   *   §8.10)
   * @throws `policy/unauthorized` for a message that has already passed the neighbour, or too many stations; `format/`
   *   codes; `store/` codes
   */
  async make(
    payload: Uint8Array,
    neighbour: ID,
    introduces: (sender: ID) => boolean,
  ): Promise<RelayCopy> {
    const { id, facebook } = this.#options;
    const message = facebook.protocol.parseMessage(payload);
    this.#check(message, neighbour);
    const { wire } = message;
    const traces = [...listOf(ownMember(wire, 'traces')), id.text];
    const copy: JsonObject = { ...wire, traces };
    const { sender } = message.envelope;
    if (message.meta === undefined && introduces(sender)) {
      const meta = await facebook.meta(sender);
      const full = meta === undefined ? undefined : encoded({ ...copy, meta: meta.wire });
      if (full !== undefined && full.length <= MAX_BYTES) return { sender, bytes: full };
    }
    const bytes = encoded(copy);
    if (bytes.length > MAX_BYTES) throw notForIt(neighbour);
    return { sender, bytes };
  }

  #check(message: ReliableMessage, neighbour: ID): void {
    const { parseID } = this.#options.facebook.protocol;
    const traces = stationsIn(message, 'traces', parseID);
    if (traces.length >= MAX_TRACES) throw notForIt(neighbour);
    const visits = traces.filter((each) => each === neighbour.entity).length;
    if (visits > 0 && (visits >= MAX_VISITS || !this.#hasMoved(message))) throw notForIt(neighbour);
    if (!message.envelope.receiver.isBroadcast) return;
    if (stationsIn(message, 'recipients', parseID).includes(neighbour.entity)) {
      throw notForIt(neighbour);
    }
  }

  /**
   * Whether the receiver has logged in at another station after the message was sent. Only then may the message go back
   * to a station that it has passed; otherwise it would be relayed in a circle.
   */
  #hasMoved({ envelope }: ReliableMessage): boolean {
    const { sender, receiver } = envelope;
    if (receiver.isBroadcast || receiver.type === EntityType.Station) return false;
    if (sender.type === EntityType.Station) return false;
    const route = this.#options.routeOf(receiver);
    return route !== undefined && route.time > envelope.time;
  }
}

function encoded(wire: JsonObject): Uint8Array {
  return utf8Encode(stringifyJson(wire));
}

function notForIt(neighbour: ID): ProtocolError<'policy/unauthorized'> {
  return new ProtocolError('policy/unauthorized', 'message is not for this neighbour', {
    details: { station: neighbour.text },
  });
}
