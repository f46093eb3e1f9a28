import type { Content, Draft, Envelope } from '@dimp/dkd';
import type { ErrorCode, JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { isCommand } from './content-kinds.ts';

// The client speaks these commands by their kind and does not import the plug-ins: which of them exist is what the
// application's protocol was made of. The bodies are those of the standard extension.

/** A receipt (spec §9.6). */
export interface ReceiptBody {
  readonly text?: string;
  /** Why it was refused: an error code, or one that a newer peer knows. */
  readonly code?: string;
  readonly origin?: {
    readonly sender: ID;
    readonly receiver?: ID;
    readonly group?: ID;
    readonly time?: number;
    readonly type?: string;
    readonly sn?: number;
    readonly signature?: Uint8Array;
  };
  readonly template?: string;
  readonly replacements?: JsonObject;
}

/** A question for a meta, or the answer (spec §9.5). */
export interface MetaBody {
  readonly did: ID;
  readonly meta?: JsonObject;
}

/** A question for documents, or the answer (spec §9.5). */
export interface DocumentsBody {
  readonly did: ID;
  readonly meta?: JsonObject;
  readonly documents?: readonly JsonObject[];
  /** Seconds since the epoch. */
  readonly last_time?: number;
}

/** A step of logging in (spec §9.4). */
export interface HandshakeBody {
  readonly title: string;
  readonly session?: string;
  readonly state?: 'start' | 'again' | 'restart' | 'success';
}

/** Messages inside a message (spec §9.2). */
export interface ForwardBody {
  readonly messages: readonly JsonObject[];
}

/** Contents inside a content (spec §9.2). */
export interface ArrayBody {
  readonly contents: readonly Content[];
}

/**
 * A receipt for a message that was opened.
 *
 * @param code - why it is refused
 */
export function receiptDraft(
  text: string,
  envelope: Envelope,
  content: Pick<Content, 'sn' | 'group'>,
  signature: Uint8Array | undefined,
  code?: ErrorCode,
): Draft<'receipt', ReceiptBody> {
  const { sender, receiver, time, type, group } = envelope;
  const body: ReceiptBody = {
    text,
    ...(code === undefined ? {} : { code }),
    origin: {
      sender,
      receiver,
      time,
      sn: content.sn,
      ...(type === undefined ? {} : { type }),
      ...(group === undefined ? {} : { group }),
      ...(signature === undefined ? {} : { signature }),
    },
  };
  return withGroup({ kind: 'receipt', body }, content.group);
}

/** A receipt for what nobody here knows what to do with (spec §11.5). */
export function unsupportedReceipt(
  envelope: Envelope,
  content: Pick<Content, 'type' | 'sn' | 'group'>,
  signature: Uint8Array | undefined,
): Draft<'receipt', ReceiptBody> {
  return receiptDraft(unsupported(content), envelope, content, signature, 'unsupported/content');
}

/** What such a receipt says. */
export function unsupported(content: Pick<Content, 'type'>): string {
  return isCommand(content) ? 'Command not support.' : 'Content not support.';
}

/**
 * A receipt for a command, with its template and what stands in it (spec §9.5).
 *
 * @param code - why the command is refused
 */
export function commandReceipt(
  text: string,
  envelope: Envelope,
  content: Pick<Content, 'sn' | 'group'>,
  replacements: JsonObject = {},
  code?: ErrorCode,
): Draft<'receipt', ReceiptBody> {
  const draft = receiptDraft(text, envelope, content, undefined, code);
  const template = Object.keys(replacements).length === 0 ? {} : { template: text, replacements };
  return { ...draft, body: { ...draft.body, ...template } };
}

function withGroup<K extends string, B>(draft: Draft<K, B>, group: ID | undefined): Draft<K, B> {
  return group === undefined ? draft : { ...draft, group };
}
