import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { isJsonObject, type JsonObject, ownMember } from '@dimp/foundation';
import { alias, number, object, optional, string, wireObject } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** The station of a login. */
export interface LoginStation {
  /** Absent if the client does not know it. */
  readonly did?: ID;
  readonly host?: string;
  readonly port?: number;
}

/** Tells all stations where a user is logged in (spec §9.7). It is sent in the clear. */
export interface LoginBody {
  readonly did: ID;
  /** Name of the device. */
  readonly device?: string;
  /** Name and version of the program. */
  readonly agent?: string;
  readonly station?: LoginStation;
  readonly provider?: { readonly did?: ID };
}

/** Announces where a user is logged in, `login` (spec §9.7). Also reads the oldest form, inside a member `login`. */
export const Login: ContentType<'login', LoginBody> = /* @__PURE__ */ defineContent({
  kind: 'login',
  match: /* @__PURE__ */ commandNamed('login'),
  schema: ({ id }) => {
    const members = object({
      did: alias(id, 'ID', 'account'),
      device: optional(alias(string, 'terminal')),
      agent: optional(alias(string, 'userAgent')),
      station: optional(
        object({
          did: optional(alias(id, 'ID')),
          host: optional(string),
          port: optional(number),
        }),
      ),
      provider: optional(object({ did: optional(alias(id, 'ID')) })),
    });
    return wireObject<LoginBody>(
      (wire) => {
        const nested = ownMember(wire, 'login');
        return members.decode(isJsonObject(nested) ? { ...nested, ...wire } : wire, 'login');
      },
      (body) => members.encode(body) as JsonObject,
    );
  },
});
