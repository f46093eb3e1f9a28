/**
 * What receipts mean, without the plug-ins that read and write them (spec §9.6): one table for all programs that receive
 * or send receipts.
 *
 * @module
 */
export { type ReceiptMeaning, receiptMeaning } from './commands/receipt-meaning.ts';
