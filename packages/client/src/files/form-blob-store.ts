import type { BlobStore, UploadOptions } from '@dimp/core';
import { md5 } from '@dimp/crypto/digests';
import {
  concatBytes,
  decodeHex,
  type ErrorCode,
  encodeHex,
  isProtocolError,
  type JsonObject,
  ownMember,
  ProtocolError,
  parseJsonObject,
  randomBytes,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import {
  type HttpDownloadOptions,
  type HttpDownloads,
  httpDownload,
  withDefaults,
} from './http-download.ts';
import { PRIVATE, refusal, Watch } from './http-request.ts';

/** Options for {@link formBlobStore}. */
export interface FormBlobStoreOptions extends HttpDownloadOptions {
  /**
   * URL that files are posted to, with `{ID}` for the user's address, `{MD5}` for the digest and `{SALT}`, such as
   * `http://cdn.example.org/upload/{ID}/file?md5={MD5}&salt={SALT}`.
   */
  readonly url: string;
  /** ID of the user who uploads. */
  readonly user: ID;
  /** Hex of the secret that all clients of this server share. It gives no protection (spec §13.3). */
  readonly secret?: string;
  /** Input of the digest: the file's MD5 (spec §13.3, by default), or the file itself (`classic`, spec §13.2). */
  readonly digest?: 'current' | 'classic';
  /**
   * Extension of every name, such as `png`. Servers refuse names without an extension of pictures or sounds (spec
   * §13.4).
   */
  readonly extension?: string;
  /** URL of a file if the server does not return it, with `{ID}` and `{FILENAME}`. */
  readonly downloadUrl?: string;
  /**
   * Limit on the length of an encrypted file in bytes; 16 MiB by default, like the servers' limit. The file is held in
   * memory.
   */
  readonly maxBytes?: number;
}

const MAX_BYTES = 16 * 1024 * 1024;
/** The codes of spec §13.4 that give a reason. */
const REFUSALS: ReadonlyMap<unknown, readonly [ErrorCode, string]> = /* @__PURE__ */ new Map([
  [401, ['policy/unauthorized', 'the server refuses the digest']],
  [
    403,
    [
      'store/too-large',
      'the file is too large for the server, or the server does not know the secret',
    ],
  ],
  [500, ['transport/closed', 'the server failed']],
] as const);
/** Limit on the bytes of an answer that are read. */
const MAX_ANSWER = 64 * 1024;

/**
 * Stores files on the servers of today's network, by multipart forms with a digest that are answered in JSON (spec
 * §13.2–13.4). They take files of at most 16 MiB and cannot resume an upload. Prefer {@link httpBlobStore} where you
 * can choose.
 *
 * @throws `format/bytes` for a secret that is not hex
 */
export function formBlobStore(options: FormBlobStoreOptions): BlobStore {
  const { maxBytes = MAX_BYTES, secret = '' } = options;
  const downloads = withDefaults(options, [options.url, options.downloadUrl]);
  const secretBytes = decodeHex(secret);
  return {
    async upload(source, transfer) {
      if (source.size > maxBytes) {
        throw new ProtocolError('store/too-large', 'the file is too large for the server', {
          details: { max: maxBytes },
        });
      }
      transfer.signal?.throwIfAborted();
      const bytes = await source.read(0, source.size);
      const url = await post(bytes, secretBytes, options, transfer, downloads);
      transfer.onProgress?.(source.size);
      return url;
    },
    download: (from, transfer = {}) => httpDownload(from, transfer, downloads),
  };
}

async function post(
  bytes: Uint8Array,
  secret: Uint8Array,
  options: FormBlobStoreOptions,
  { name, signal }: UploadOptions,
  { fetch, timers, timeout }: HttpDownloads,
): Promise<string> {
  const { url, user, digest = 'current', extension } = options;
  const salt = randomBytes(16);
  const own = digest === 'classic' ? bytes : md5(bytes);
  const target = fill(url, {
    ID: user.address.text,
    MD5: encodeHex(md5(concatBytes(own, secret, salt))),
    SALT: encodeHex(salt),
  });
  const ending = extension ?? /\.([0-9a-z]+)$/.exec(name)?.[1];
  const filename = encodeHex(md5(bytes)) + (ending === undefined ? '' : `.${ending}`);
  const form = new FormData();
  form.set('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), filename);
  const watch = new Watch(signal, timers, timeout + bytes.length / 16);
  try {
    const request = { ...PRIVATE, method: 'POST', body: form, signal: watch.signal };
    const response = await watch.step(fetch(target, request));
    if (!response.ok) throw await refusal(response);
    return locate(await answerOf(response, watch), filename, options);
  } finally {
    watch.close();
  }
}

/** The status is 200 for errors as well, so the body decides. */
async function answerOf(response: Response, watch: Watch): Promise<JsonObject> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (; reader !== undefined; ) {
    const { done, value } = await watch.step(reader.read());
    if (done) break;
    length += value.length;
    if (length > MAX_ANSWER) {
      await reader.cancel();
      throw notUnderstood();
    }
    parts.push(value);
  }
  try {
    return parseJsonObject(concatBytes(...parts));
  } catch (error) {
    if (isProtocolError(error)) throw notUnderstood();
    throw error;
  }
}

function locate(answer: JsonObject, filename: string, options: FormBlobStoreOptions): string {
  const code = ownMember(answer, 'code');
  if (code !== 200) throw refused(code);
  const { downloadUrl, user } = options;
  const url = ownMember(answer, 'url');
  if (typeof url === 'string' && /^https?:\/\//.test(url)) return url;
  if (downloadUrl === undefined) throw notUnderstood();
  const stored = ownMember(answer, 'filename');
  return fill(downloadUrl, {
    ID: user.address.text,
    FILENAME: typeof stored === 'string' ? stored : filename,
  });
}

function refused(code: unknown): ProtocolError {
  const details = { status: typeof code === 'number' ? code : 0 };
  const [error, text] = REFUSALS.get(code) ?? [
    'transport/refused',
    'the server does not accept the file',
  ];
  return new ProtocolError(error, text, { details });
}

function notUnderstood(): ProtocolError<'transport/refused'> {
  return new ProtocolError('transport/refused', 'the server does not answer like a file server');
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([A-Z\d]+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(values, name) ? encodeURIComponent(values[name] ?? '') : placeholder,
  );
}
