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

/** What copies for neighbours are made with. */
export interface RelayCopiesOptions {
  readonly facebook: Facebook;
  /** This station. */
  readonly id: ID;
  /** Where a user is. */
  readonly routeOf: (user: ID) => Route | undefined;
}

/** A message as a neighbour gets it. */
export interface RelayCopy {
  readonly sender: ID;
  readonly bytes: Uint8Array;
}

/** Longest message that a neighbour reads, in bytes. */
const MAX_BYTES = 1024 * 1024;
/** How often a message may pass one station. */
const MAX_VISITS = 2;

/** Makes the copies of messages that neighbours get: they name the stations that they have passed (spec §11.8). */
export class RelayCopies {
  readonly #options: RelayCopiesOptions;

  constructor(options: RelayCopiesOptions) {
    this.#options = options;
  }

  /** Whether a message has passed this station before. */
  hasPassed(message: ReliableMessage): boolean {
    const { id, facebook } = this.#options;
    return stationsIn(message, 'traces', facebook.protocol.parseID).includes(id.entity);
  }

  /**
   * The copy for a neighbour.
   *
   * @param introduces - whether the meta of a sender goes along, so that the neighbour can verify the message (spec §8.10)
   * @throws `policy/unauthorized` for a message that is not for it: it has passed there already, or too many stations;
   *   `format/` codes; `store/` codes
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
   * Whether the receiver has logged in elsewhere after the message was sent. Then it may have to go back the way that it
   * came; nothing else may, or it would go round for ever.
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
