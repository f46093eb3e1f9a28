import { type ContentType, defineContent } from '@dimp/dkd';
import { requireHistory } from '@dimp/dkd/commands';
import { definedOnly, type JsonObject, ownMember } from '@dimp/foundation';
import type { Schema } from '@dimp/foundation/schema';
import { requiredText, wireObject } from '@dimp/foundation/schema';
import { readExtra, writeExtra } from '../fields/extra.ts';

/** A command without a content type of its own (spec §9.1). */
export interface CommandBody {
  /** Its name. */
  readonly command: string;
  /** Its other members. */
  readonly extra?: JsonObject;
}

/** Any command without a content type of its own, type 136 (spec §9.1). */
export const Command: ContentType<'command', CommandBody> = /* @__PURE__ */ defineContent({
  kind: 'command',
  match: { type: '136' },
  schema: () => generic(),
});

/** Any history command without a content type of its own, type 137. Serial number and time are required (spec §9.1). */
export const History: ContentType<'history', CommandBody> = /* @__PURE__ */ defineContent({
  kind: 'history',
  match: { type: '137' },
  schema: () => generic(),
});

function generic(): Schema<CommandBody> {
  return wireObject<CommandBody>(
    (wire) => {
      const command = requiredText(ownMember(wire, 'command'), 'command');
      requireHistory(wire);
      return { command, ...definedOnly({ extra: readExtra(wire, []) }) };
    },
    ({ command, extra }) => ({ command, ...writeExtra(extra, []) }),
  );
}
