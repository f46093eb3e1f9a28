import type { Content, Draft, Envelope } from '@dimp/dkd';
import { type ReceiptBody, receiptFor } from '@dimp/dkd/commands';
import { definedOnly, type ErrorCode, type JsonObject } from '@dimp/foundation';
import { isCommand } from './content-kinds.ts';

/**
 * Creates a receipt for a decrypted message.
 *
 * @param code - the reason for a refusal; absent if the message is accepted
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

/** Creates a receipt for a content that no handler accepts (spec §11.5). */
export function unsupportedReceipt(
  envelope: Envelope,
  content: Pick<Content, 'type' | 'sn' | 'group'>,
  signature: Uint8Array | undefined,
): Draft<'receipt', ReceiptBody> {
  return receiptDraft(unsupported(content), envelope, content, signature, 'unsupported/content');
}

/** Returns the text of an {@link unsupportedReceipt}. */
export function unsupported(content: Pick<Content, 'type'>): string {
  return isCommand(content) ? 'Command not support.' : 'Content not support.';
}

/**
 * Creates a receipt for a command, with a template and its values (spec §9.5).
 *
 * @param replacements - values of the placeholders; without any, the receipt has no template
 * @param code - the reason for a refusal; absent if the message is accepted
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
