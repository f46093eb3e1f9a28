import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { definedOnly, type JsonObject, ownMember } from '@dimp/foundation';
import { requiredText, wireObject } from '@dimp/foundation/schema';
import { readExtra, writeExtra } from '../fields/extra.ts';

/** A report of a client to its station (spec §9.8). */
export interface ReportBody {
  /** `online`, `offline`, `apns`, `c2dm` or another topic. */
  readonly title: string;
  /** More members, such as the `device_token` of a push service. */
  readonly extra?: JsonObject;
}

const NAMED: readonly string[] = ['title', 'state'];

/**
 * A client's report, `report` (spec §9.8). Also reads the forms of older clients, which use the title as the name of the command, or
 * `state` instead of a title.
 */
export const Report: ContentType<'report', ReportBody> = /* @__PURE__ */ defineContent({
  kind: 'report',
  match: /* @__PURE__ */ commandNamed('report', 'online', 'offline', 'apns', 'c2dm', 'broadcast'),
  schema: () =>
    wireObject<ReportBody>(
      (wire) => ({ title: readTitle(wire), ...definedOnly({ extra: readExtra(wire, NAMED) }) }),
      ({ title, extra }) => ({ title, ...writeExtra(extra, NAMED) }),
    ),
});

function readTitle(wire: JsonObject): string {
  const title = ownMember(wire, 'title') ?? undefined;
  if (title !== undefined) return requiredText(title, 'title');
  const command = ownMember(wire, 'command');
  if (command !== 'report') return requiredText(command, 'command');
  const state = requiredText(ownMember(wire, 'state'), 'title');
  if (state === 'background') return 'offline';
  return state === 'foreground' ? 'online' : state;
}
