import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { type JsonObject, ownMember } from '@dimp/foundation';
import { array, jsonObject, object, wireObject } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** One notification. */
export interface PushItem {
  readonly receiver: ID;
  /** The dictionary `aps` of Apple's push service: alert, sound, badge, category. */
  readonly aps: JsonObject;
}

/** Notifications that a station sends to the push bot (spec §9.13). */
export interface PushBody {
  readonly items: readonly PushItem[];
}

/** Push notifications, `push` (spec §9.13). A single item may be in the command itself. */
export const Push: ContentType<'push', PushBody> = /* @__PURE__ */ defineContent({
  kind: 'push',
  match: /* @__PURE__ */ commandNamed('push'),
  schema: ({ id }) => {
    const item = object({ receiver: id, aps: jsonObject });
    const items = array(item);
    return wireObject<PushBody>(
      (wire) => {
        const list = ownMember(wire, 'items') ?? undefined;
        return {
          items: list === undefined ? [item.decode(wire, 'push')] : items.decode(list, 'items'),
        };
      },
      (body) => ({ items: items.encode(body.items) }),
    );
  },
});
