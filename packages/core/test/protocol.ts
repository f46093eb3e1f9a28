import type { Content, Draft } from '@dimp/dkd';
import { standard } from '@dimp/extensions/standard';
import { createProtocol, type Protocol } from '../src/index.ts';

export const protocol: Protocol = createProtocol(standard());

/** The time of all tests, in seconds since the epoch. */
export const NOW = 1766010000;

let serial = 0;

/** A content as the pipeline takes it. */
export function content(draft: Draft, extra: Record<string, string> = {}): Content {
  serial += 1;
  return protocol.contents.stamp(draft, { time: NOW, sn: serial, extra });
}
