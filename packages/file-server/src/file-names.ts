import { createHash } from 'node:crypto';
import type { Brand } from '@dimp/foundation';

/** Name of a file on disk: the SHA-256 of its network name, as hex. */
export type FileKey = Brand<string, 'FileKey'>;

/** The meaning of a request path. */
export type FileRoute =
  | { readonly kind: 'put'; readonly key: FileKey }
  | { readonly kind: 'form'; readonly form: 'current' | 'classic'; readonly space: FormSpace }
  | { readonly kind: 'download'; readonly key: FileKey };

/** The space of a posted file. */
export interface FormSpace {
  readonly kind: 'download' | 'avatar';
  /** Address of the user that the path names; it is not authenticated. */
  readonly address: string;
}

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._~-]{0,127}$/;
/** An address, or an ID, of which only the address is used (spec §13.2). */
const OWNER = /^(?:[\w.-]{1,64}@)?([A-Za-z0-9]{8,64})$/;
const STORED = /^[0-9a-f]{32}\.[a-z0-9]{1,8}$/;

/**
 * Parses a request path.
 *
 * @returns undefined for a path that does not belong to the file server
 */
export function fileRoute(url: string): FileRoute | undefined {
  const segments = pathSegments(url);
  if (segments === undefined) return undefined;
  const [first = '', second = '', third = ''] = segments;
  if (segments.length === 2) {
    if (first === 'f' && NAME.test(second)) return { kind: 'put', key: fileKey('f', second) };
    return second === 'upload' ? formRoute('classic', 'download', first) : undefined;
  }
  if (segments.length !== 3) return undefined;
  if (first === 'upload') {
    if (third === 'file') return formRoute('current', 'download', second);
    return third === 'avatar' ? formRoute('current', 'avatar', second) : undefined;
  }
  if (first !== 'download' && first !== 'avatar') return undefined;
  const address = OWNER.exec(second)?.[1];
  if (address === undefined || !STORED.test(third)) return undefined;
  return { kind: 'download', key: formKey({ kind: first, address }, third) };
}

/** Returns the key of a posted file. */
export function formKey({ kind, address }: FormSpace, filename: string): FileKey {
  return fileKey(kind, address, filename);
}

/** Returns the path under which a posted file is downloaded (spec §13.5). */
export function formPath({ kind, address }: FormSpace, filename: string): string {
  return `/${kind}/${address}/${filename}`;
}

function formRoute(
  form: 'current' | 'classic',
  kind: FormSpace['kind'],
  owner: string,
): FileRoute | undefined {
  const address = OWNER.exec(owner)?.[1];
  return address === undefined ? undefined : { kind: 'form', form, space: { kind, address } };
}

/** Returns the key of a name. No part contains a slash, so different parts have different keys. */
function fileKey(...parts: readonly string[]): FileKey {
  return createHash('sha256').update(parts.join('/')).digest('hex') as FileKey;
}

/** Splits and decodes a path, without resolving it: `..` is an invalid name. */
function pathSegments(url: string): readonly string[] | undefined {
  const [path = ''] = url.split('?', 1);
  if (!path.startsWith('/') || path.length > 1024) return undefined;
  try {
    return path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
