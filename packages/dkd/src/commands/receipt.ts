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

/** The message that a receipt answers, as the answering side saw it (spec §9.6). */
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
  /** Signature of the message: the surest way to find it again. */
  readonly signature?: Uint8Array;
  /** Initialization vector of the message, 16 bytes. */
  readonly IV?: Uint8Array;
}

/** What happened to a message (spec §9.6). */
export interface ReceiptBody {
  /** English text; show `template` in the user's language instead where it is known (spec §9.17). */
  readonly text?: string;
  /**
   * Why the message was refused, as an error code `area/reason`, see `receiptMeaning` of `@dimp/dkd`. A
   * receipt of consent has none, nor has one of an older peer, which tells by its text.
   */
  readonly code?: string;
  readonly origin?: ReceiptOrigin;
  /** Text with `${name}` places. */
  readonly template?: string;
  /** What stands in these places. */
  readonly replacements?: JsonObject;
}

/** Other programs may have a member of this name that means something else: only what looks like our codes is one. */
const CODE = /^[a-z]{1,32}\/[a-z-]{1,32}$/;

/**
 * An acknowledgement or a refusal, `receipt` (spec §9.6). Older peers write the origin as `envelope`, or flat among the
 * members of the command; all forms are read.
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

/** The serial number and time of a flat receipt are those of the message it answers (spec §9.6). */
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

/** What {@link receiptFor} may be told besides the envelope. */
export interface ReceiptOptions {
  /** Serial number of the answered content. */
  readonly sn?: number;
  /** Signature of the answered message. */
  readonly signature?: Uint8Array;
  /** The group it was said in, hidden ones included. */
  readonly group?: ID;
  /** Why the message is refused; none if it is not. */
  readonly code?: ErrorCode;
  readonly template?: string;
  readonly replacements?: JsonObject;
}

/**
 * A receipt for a message.
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
