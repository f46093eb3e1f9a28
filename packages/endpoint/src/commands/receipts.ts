import type { Content, Draft, Envelope } from '@dimp/dkd';
import { type ReceiptBody, receiptFor } from '@dimp/dkd/commands';
import { definedOnly, type ErrorCode, type JsonObject } from '@dimp/foundation';
import { isCommand } from './content-kinds.ts';

/**
 * A receipt for a message that was opened.
 *
 * @param code - the reason for a refusal; none for a receipt of consent
 */
export function receiptDraft(
  text: string,
  envelope: Envelope,
  { sn, group }: Pick<Content, 'sn' | 'group'>,
  signature: Uint8Array | undefined,
  code?: ErrorCode,
): Draft<'receipt', ReceiptBody> {
  return receiptFor(envelope, text, { sn, ...definedOnly({ group, signature, code }) });
}

/** A receipt for a content that no handler takes (spec §11.5). */
export function unsupportedReceipt(
  envelope: Envelope,
  content: Pick<Content, 'type' | 'sn' | 'group'>,
  signature: Uint8Array | undefined,
): Draft<'receipt', ReceiptBody> {
  return receiptDraft(unsupported(content), envelope, content, signature, 'unsupported/content');
}

/** The text of an {@link unsupportedReceipt}. */
export function unsupported(content: Pick<Content, 'type'>): string {
  return isCommand(content) ? 'Command not support.' : 'Content not support.';
}

/**
 * A receipt for a command, with a template and the values of its places (spec §9.5).
 *
 * @param replacements - the values by name; without any, the receipt has no template
 * @param code - the reason for a refusal; none for a receipt of consent
 */
export function commandReceipt(
  text: string,
  envelope: Envelope,
  { sn, group }: Pick<Content, 'sn' | 'group'>,
  replacements: JsonObject = {},
  code?: ErrorCode,
): Draft<'receipt', ReceiptBody> {
  const template = Object.keys(replacements).length === 0 ? {} : { template: text, replacements };
  return receiptFor(envelope, text, { sn, ...definedOnly({ group, code }), ...template });
}
