import { type Json, ProtocolError } from '@dimp/foundation';
import {
  checkReplacement,
  type Document,
  type DocumentProof,
  type DocumentType,
  parseDocument,
  verifyDocument,
} from './document.ts';
import type { ID } from './id.ts';

/** The parts of a protocol that a document registry uses. */
export interface DocumentContext {
  readonly readID: (text: unknown) => ID;
}

/** The document types of one protocol instance. */
export interface DocumentRegistry<T extends DocumentType = DocumentType> {
  /** {@link parseDocument} of any type, registered or not. */
  parse(wire: Json | undefined, owner?: ID): Document;
  /**
   * {@link verifyDocument} with the rules of its type.
   *
   * @throws `unsupported/document` for a type that is not registered; `identity/document-invalid`
   */
  verify(document: Document, proof: DocumentProof): Promise<void>;
  /** {@link checkReplacement} with the rules of its type. */
  checkReplacement(incoming: Document, stored: Document | undefined): void;
  with<const U extends readonly DocumentType[]>(...more: U): DocumentRegistry<T | U[number]>;
  readonly types: readonly T[];
}

/**
 * Creates a registry of document types.
 *
 * @throws `registry/duplicate`
 */
export function documentRegistry<const T extends readonly DocumentType[]>(
  context: DocumentContext,
  ...types: T
): DocumentRegistry<T[number]> {
  const table = new Map<string, DocumentType>();
  for (const type of types) {
    if (table.has(type.type)) {
      throw new ProtocolError(
        'registry/duplicate',
        `document type "${type.type}" is registered twice`,
        { details: { type: type.type } },
      );
    }
    table.set(type.type, type);
  }
  const find = (document: Document): DocumentType => {
    const type = table.get(document.type);
    if (type === undefined) {
      throw new ProtocolError('unsupported/document', 'document type is not registered', {
        details: { type: document.type.slice(0, 64) },
      });
    }
    return type;
  };
  const registry: DocumentRegistry<T[number]> = {
    types: Object.freeze([...types]),
    parse: (wire, owner) => parseDocument(wire, context.readID, owner),
    verify: async (document, proof) => verifyDocument(document, find(document), proof),
    checkReplacement: (incoming, stored) => checkReplacement(incoming, stored, find(incoming)),
    with: (...more) => documentRegistry(context, ...types, ...more),
  };
  return Object.freeze(registry);
}
