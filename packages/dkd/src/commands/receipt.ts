import { definedOnly, type ErrorCode, type JsonObject, ownMember } from '@dimp/foundation';
import {
  alias,
  bytes,
  jsonObject,
  number,
  object,
  optional,
  string,
  text,
  time,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import type { Draft } from '../content.ts';
import { type ContentType, defineContent } from '../content-type.ts';
import type { Envelope } from '../envelope.ts';
import { commandNamed } from './match.ts';

/** The message that a receipt is about, as its author saw it (spec §9.6). */
export interface ReceiptOrigin {
  readonly sender: ID;
  readonly receiver?: ID;
  readonly group?: ID;
  /** Seconds since the epoch. */
  readonly time?: number;
  /** Type of its content as decimal text. */
  readonly type?: string;
  /** Serial number of its content. */
  readonly sn?: number;
  /** Signature of the message, which identifies it best. */
  readonly signature?: Uint8Array;
  /** Initialization vector of the message, 16 bytes. */
  readonly IV?: Uint8Array;
}

/** Says what happened to a message (spec §9.6). */
export interface ReceiptBody {
  /** English text. Show `template` in the user's language instead if it is known (spec §9.17). */
  readonly text?: string;
  /**
   * Why the message was refused, as an error code `area/reason`; see `receiptMeaning`. Absent if the message was accepted, and
   * in receipts of older peers, which have a text only.
   */
  readonly code?: string;
  readonly origin?: ReceiptOrigin;
  /** Text with placeholders `${name}`. */
  readonly template?: string;
  /** Values of the placeholders. */
  readonly replacements?: JsonObject;
}

/** The form of an error code. In other programs the member `code` may mean something else. */
const CODE = /^[a-z]{1,32}\/[a-z-]{1,32}$/;

/**
 * An acknowledgement or a refusal, `receipt` (spec §9.6). Older peers write the origin as `envelope`, or flat among the members
 * of the command. Reads all forms.
 */
export const Receipt: ContentType<'receipt', ReceiptBody> = /* @__PURE__ */ defineContent({
  kind: 'receipt',
  match: /* @__PURE__ */ commandNamed('receipt'),
  schema: ({ id }) => {
    const origin = object({
      sender: id,
      receiver: optional(id),
      group: optional(id),
      time: optional(time),
      type: optional(text),
      sn: optional(number),
      signature: optional(bytes),
      IV: optional(bytes),
    });
    const members = object({
      text: optional(alias(string, 'message')),
      origin: optional(alias(origin, 'envelope')),
      template: optional(string),
      replacements: optional(jsonObject),
    });
    return wireObject<ReceiptBody>(
      (wire) => {
        const read = { ...members.decode(wire, 'receipt'), ...definedOnly({ code: codeOf(wire) }) };
        const flat = read.origin === undefined ? flatOrigin(wire) : undefined;
        return flat === undefined ? read : { ...read, origin: origin.decode(flat, 'origin') };
      },
      (body) => ({ ...(members.encode(body) as JsonObject), ...definedOnly({ code: body.code }) }),
    );
  },
});

function codeOf(wire: JsonObject): string | undefined {
  const code = ownMember(wire, 'code');
  return typeof code === 'string' && CODE.test(code) ? code : undefined;
}

/** Reads a flat origin: serial number and time of the command are those of the message (spec §9.6). */
function flatOrigin(wire: JsonObject): JsonObject | undefined {
  const sender = ownMember(wire, 'sender') ?? undefined;
  if (sender === undefined) return undefined;
  return {
    sender,
    receiver: ownMember(wire, 'receiver'),
    time: ownMember(wire, 'time'),
    sn: ownMember(wire, 'sn'),
    signature: ownMember(wire, 'signature'),
  };
}

/** Options of {@link receiptFor}. */
export interface ReceiptOptions {
  /** Serial number of the content. */
  readonly sn?: number;
  /** Signature of the message. */
  readonly signature?: Uint8Array;
  /** The group of the content, even if it is hidden. */
  readonly group?: ID;
  /** Why the message is refused; absent if it is accepted. */
  readonly code?: ErrorCode;
  readonly template?: string;
  readonly replacements?: JsonObject;
}

/**
 * Creates a receipt for a message.
 *
 * @example
 * ```ts
 * receiptFor(message.envelope, 'Message received.', { sn: content.sn, signature: message.signature });
 * ```
 */
export function receiptFor(
  envelope: Envelope,
  text: string,
  options: ReceiptOptions = {},
): Draft<'receipt', ReceiptBody> {
  const { sender, receiver, time, type, group: visible } = envelope;
  const { sn, signature, group, code: reason, template, replacements } = options;
  return Receipt.create(
    {
      text,
      ...definedOnly({ code: reason }),
      origin: {
        sender,
        receiver,
        time,
        ...definedOnly({ group: visible }),
        ...definedOnly({ type }),
        ...definedOnly({ sn }),
        ...definedOnly({ signature }),
      },
      ...definedOnly({ template }),
      ...definedOnly({ replacements }),
    },
    group === undefined ? {} : { group },
  );
}
