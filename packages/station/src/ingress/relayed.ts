import type { ReliableMessage } from '@dimp/dkd';
import type { Session } from '../session/session.ts';
import type { PayloadAck } from './payload-ack.ts';

/** A message that has passed all checks. */
export interface Relayed {
  readonly message: ReliableMessage;
  /** As it is passed on: as received, unless something had to go. */
  readonly payload: Uint8Array;
  readonly session: Session;
  /** It has been here before: it comes back from a neighbour. */
  readonly returned: boolean;
  /** The payload that it came in. */
  readonly ack: PayloadAck;
}
