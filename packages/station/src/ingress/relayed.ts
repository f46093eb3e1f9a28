import type { ReliableMessage } from '@dimp/dkd';
import type { Session } from '../session/session.ts';
import type { PayloadAck } from './payload-ack.ts';

/** A message that has passed all checks. */
export interface Relayed {
  readonly message: ReliableMessage;
  /** The bytes to relay: as received, or without the members that were stripped. */
  readonly payload: Uint8Array;
  readonly session: Session;
  /** Whether it has passed this station before, and comes back from a neighbour. */
  readonly returned: boolean;
  /** The acknowledgement of the payload that it came in. */
  readonly ack: PayloadAck;
}
