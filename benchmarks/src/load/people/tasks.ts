import type { JsonObject } from '@dimp/foundation';
import type { PersonData } from './person.ts';

/** Make users whose identity keys are quick to make. */
export interface PeopleTask {
  readonly kind: 'people';
  readonly count: number;
  readonly messageKey: JsonObject;
}

/** Make users with RSA-2048 keys, and all messages that they are going to send. */
export interface SendersTask {
  readonly kind: 'senders';
  readonly count: number;
  readonly messageKey: JsonObject;
  readonly receivers: readonly PersonData[];
  /** Messages of each sender. */
  readonly messages: number;
  readonly textBytes: number;
  /** Number of the first sender: where they begin in the list of receivers. */
  readonly first: number;
}

/** A user and the messages that they will send. */
export interface SenderData {
  readonly person: PersonData;
  /** Serialized messages, one behind the other. */
  readonly payloads: Uint8Array;
  /** Where each of them ends. */
  readonly ends: Uint32Array;
}

/** The number of the receiver to whom a sender writes their message with this number. */
export function receiverOf(sender: number, message: number, receivers: number): number {
  return (sender + message) % receivers;
}
