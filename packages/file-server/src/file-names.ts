import { createHash } from 'node:crypto';
import type { Brand } from '@dimp/foundation';

/** Name of a file on disk: hex of the SHA-256 of what it is called on the network. */
export type FileKey = Brand<string, 'FileKey'>;

/** What a path of a request means to the file server. */
export type FileRoute =
  | { readonly kind: 'put'; readonly key: FileKey }
  | { readonly kind: 'form'; readonly form: 'current' | 'classic'; readonly space: FormSpace }
  | { readonly kind: 'download'; readonly key: FileKey };

/** Where a posted file belongs to. */
export interface FormSpace {
  readonly kind: 'download' | 'avatar';
  /** Address of the user in whose name it was posted; nobody proves it. */
  readonly address: string;
}

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._~-]{0,127}$/;
/** An address, or an ID of which only the address counts (spec §13.2). */
const OWNER = /^(?:[\w.-]{1,64}@)?([A-Za-z0-9]{8,64})$/;
const STORED = /^[0-9a-f]{32}\.[a-z0-9]{1,8}$/;

/** @returns undefined for every path that is none of the file server's */
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

/** Key of a posted file. */
export function formKey({ kind, address }: FormSpace, filename: string): FileKey {
  return fileKey(kind, address, filename);
}

/** Path under which a posted file is downloaded (spec §13.5). */
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

/** No part has a slash, so two lists never make one key. */
function fileKey(...parts: readonly string[]): FileKey {
  return createHash('sha256').update(parts.join('/')).digest('hex') as FileKey;
}

/** Decoded once, and never resolved: `..` is a name like others, and no valid one. */
function pathSegments(url: string): readonly string[] | undefined {
  const [path = ''] = url.split('?', 1);
  if (!path.startsWith('/') || path.length > 1024) return undefined;
  try {
    return path.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
