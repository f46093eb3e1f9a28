import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Clock } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import { AddressBudget } from './address-budget.ts';
import type { DiskUsage, RoomPromise } from './disk-usage.ts';
import type { FileDisk } from './file-disk.ts';
import type { FileLimits } from './file-limits.ts';
import { bearerMatches } from './http/bearer.ts';
import { RunningUploads } from './running-uploads.ts';

/** Who may upload. */
export type UploadPermission = 'anyone' | 'none' | { readonly token: string };

/** An admitted upload. Disposing of it releases its resources. */
export interface Admitted extends Disposable {
  readonly room: RoomPromise;
}

/** The HTTP answer to an upload that was refused or has failed. */
export interface Refused {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

/** Options for {@link Admission}. */
export interface AdmissionOptions {
  readonly permission: UploadPermission;
  readonly limits: FileLimits;
  readonly usage: DiskUsage;
  readonly disk: FileDisk;
  readonly clock: Clock;
}

/** Decides whether an upload may start, before any of its bytes is read. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #budget: AddressBudget;
  readonly #running: RunningUploads;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#budget = new AddressBudget(options.limits.addressBytesPerDay, options.clock);
    this.#running = new RunningUploads(options.limits, options.clock);
  }

  /** Number of running uploads. */
  get running(): number {
    return this.#running.count;
  }

  /** Counts received bytes of a body. */
  received(request: IncomingMessage, bytes: number): void {
    this.#running.received(request, bytes);
  }

  /**
   * @param address - key of the address of the client
   * @param length - of the body, in bytes
   */
  async admit(
    request: IncomingMessage,
    address: string,
    length: number,
  ): Promise<Admitted | Refused> {
    const { usage } = this.#options;
    const denied = this.#denied(request);
    if (denied !== undefined) return denied;
    const place = this.#running.take(request, address);
    if (typeof place === 'number') return refused(place, 10);
    let room: RoomPromise;
    try {
      room = usage.promise(length);
    } catch (error) {
      place[Symbol.dispose]();
      if (isProtocolError(error, 'store/quota')) return refused(507);
      throw error;
    }
    const wait = this.#budget.take(address, length);
    if (wait > 0) {
      room[Symbol.dispose]();
      place[Symbol.dispose]();
      return refused(429, wait);
    }
    const admitted: Admitted = {
      room,
      [Symbol.dispose]: () => {
        room[Symbol.dispose]();
        place[Symbol.dispose]();
      },
    };
    try {
      if (!(await this.#diskIsFull(length))) return admitted;
    } catch (error) {
      admitted[Symbol.dispose]();
      throw error;
    }
    admitted[Symbol.dispose]();
    return refused(507);
  }

  async #diskIsFull(length: number): Promise<boolean> {
    const { disk, limits } = this.#options;
    return limits.minFreeBytes > 0 && (await disk.freeBytes()) - length < limits.minFreeBytes;
  }

  #denied({ headers }: IncomingMessage): Refused | undefined {
    const { permission } = this.#options;
    if (permission === 'anyone') return undefined;
    if (permission === 'none') return refused(403);
    if (bearerMatches(headers.authorization, permission.token)) return undefined;
    return { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } };
  }
}

function refused(status: number, retryAfter?: number): Refused {
  return { status, headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter } };
}
