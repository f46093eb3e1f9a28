import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Clock,
  type Logger,
  silentLogger,
  systemClock,
  systemTimers,
  type Timers,
} from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { addressKey } from '@dimp/core/transport';
import { decodeHex } from '@dimp/foundation';
import { Admission, type UploadPermission } from './admission.ts';
import { DiskUsage } from './disk-usage.ts';
import type { FileContext } from './file-context.ts';
import { FileDisk } from './file-disk.ts';
import { type FileLimits, fileLimits } from './file-limits.ts';
import { type FileRoute, fileRoute } from './file-names.ts';
import { getFile } from './get-file.ts';
import { answer, refuse } from './http/answer.ts';
import { type FormOptions, postForm } from './post-form.ts';
import { putFile } from './put-file.ts';
import { type SweepResult, sweepFiles } from './sweep.ts';
import { UploadTurns } from './upload-turns.ts';

/** Options for {@link FileServer.open}. */
export interface FileServerOptions {
  /** Folder of the files. It is created if it is missing, and must belong to this server only. */
  readonly folder: string;
  /**
   * Who may upload: any client within the limits (by default), no client, or clients with a bearer token. Any client
   * may download.
   */
  readonly uploads?: UploadPermission;
  /** Secrets of forms, as hex (spec §13.3); without any, digests are not checked. */
  readonly formSecrets?: readonly string[];
  /** Public URL of this server, such as `https://files.example.org`, for the `url` in answers to forms. */
  readonly publicUrl?: string;
  readonly limits?: Partial<FileLimits>;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly logger?: Logger;
}

/** State of a file server. */
export interface FileServerState {
  /** Bytes of all files, including unfinished ones. */
  readonly bytes: number;
  /** Uploads that are running, or waiting for another upload of the same name. */
  readonly uploads: number;
}

const HOUR_MS = 3_600_000;
const METHODS: Readonly<Record<FileRoute['kind'], string>> = {
  put: 'GET, HEAD, PUT, OPTIONS',
  form: 'POST, OPTIONS',
  download: 'GET, HEAD, OPTIONS',
};
/** Pages of any origin may use the server: it has no cookies, and no data that depends on the user of the browser. */
const CORS: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Ranges, Content-Range, ETag, Retry-After, Upload-Offset',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};
const PREFLIGHT: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Headers': 'Authorization, Content-Range, Content-Type, If-Range, Range',
  'Access-Control-Max-Age': '86400',
};

/**
 * Stores encrypted files for the clients' `httpBlobStore` and `formBlobStore` (spec §13). All files are served as bytes
 * to be saved, so that a browser never displays them.
 */
export class FileServer implements AsyncDisposable {
  readonly #context: FileContext;
  readonly #forms: FormOptions;
  readonly #timers: Timers;
  readonly #stop = new AbortController();
  #timer: Disposable | undefined;
  #sweeping: Promise<SweepResult> | undefined;

  private constructor(context: FileContext, forms: FormOptions, timers: Timers) {
    this.#context = context;
    this.#forms = forms;
    this.#timers = timers;
  }

  /**
   * Opens a folder, counts its files, and removes expired ones.
   *
   * @throws `RangeError` for invalid limits or a short token; `format/bytes` for a secret that is not hex; the error of
   *   the file system
   */
  static async open(options: FileServerOptions): Promise<FileServer> {
    const { clock = systemClock, logger = silentLogger, uploads = 'anyone' } = options;
    const limits = fileLimits(options.limits);
    const formSecrets = (options.formSecrets ?? []).map((secret) => secret.toLowerCase());
    for (const secret of formSecrets) decodeHex(secret);
    if (typeof uploads === 'object' && uploads.token.length < 16) {
      throw new RangeError('uploads.token must have at least 16 characters');
    }
    const disk = await FileDisk.open(options.folder);
    const usage = new DiskUsage(limits.totalBytes);
    const admission = new Admission({ permission: uploads, limits, usage, disk, clock });
    const turns = new UploadTurns();
    const context = { disk, usage, turns, admission, limits, clock, logger };
    const publicUrl = options.publicUrl?.replace(/\/+$/, '');
    const forms = { secrets: formSecrets, publicUrl };
    const server = new FileServer(context, forms, options.timers ?? systemTimers);
    const found = await sweepFiles(context, () => undefined, server.#stop.signal);
    usage.add(found.bytes, found.files);
    server.#sweepLater();
    return server;
  }

  get state(): FileServerState {
    return { bytes: this.#context.usage.bytes, uploads: this.#context.admission.running };
  }

  /**
   * Answers a request if its path belongs to the file server. Never throws.
   *
   * @returns false for any other path
   */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    remote: RemoteAddress,
  ): Promise<boolean> {
    const route = fileRoute(request.url ?? '');
    if (route === undefined) return false;
    try {
      for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
      await this.#dispatch(route, request, response, remote);
    } catch (error) {
      const { code } = error as { code?: unknown };
      const details = typeof code === 'string' ? { code } : {};
      this.#context.logger.error('files.request-failed', details);
      if (response.headersSent) response.destroy();
      else await refuse(request, response, 500);
    }
    return true;
  }

  /** Removes expired files. Runs every hour by itself. */
  sweep(): Promise<SweepResult> {
    this.#sweeping ??= this.#sweepOnce().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  /** Stops removing expired files. Running requests go on; the owner of the connections ends them. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Stops removing expired files. Running requests go on; the owner of the connections ends them. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#timer?.[Symbol.dispose]();
    await this.#sweeping?.catch(() => undefined);
  }

  async #dispatch(
    route: FileRoute,
    request: IncomingMessage,
    response: ServerResponse,
    remote: RemoteAddress,
  ): Promise<void> {
    const { method = '' } = request;
    const allowed = METHODS[route.kind];
    if (!allowed.split(', ').includes(method)) {
      return refuse(request, response, 405, { Allow: allowed });
    }
    if (method === 'OPTIONS') {
      const headers = { ...PREFLIGHT, Allow: allowed, 'Access-Control-Allow-Methods': allowed };
      return answer(response, 204, '', headers);
    }
    if (route.kind === 'form') {
      return postForm(this.#context, route, this.#forms, request, response, remote);
    }
    const address = addressKey(remote.address);
    if (method === 'PUT') return putFile(this.#context, route.key, request, response, address);
    return getFile(this.#context, route.key, request, response);
  }

  async #sweepOnce(): Promise<SweepResult> {
    const { usage, logger } = this.#context;
    const found = await sweepFiles(
      this.#context,
      (bytes) => usage.add(-bytes, -1),
      this.#stop.signal,
    );
    if (found.removed > 0) logger.info('files.swept', { removed: found.removed });
    return found;
  }

  #sweepLater(): void {
    this.#timer = this.#timers.after(HOUR_MS, async () => {
      try {
        await this.sweep();
      } catch {
        this.#context.logger.error('files.sweep-failed');
      }
      if (!this.#stop.signal.aborted) this.#sweepLater();
    });
  }
}
