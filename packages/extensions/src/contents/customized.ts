import { type ContentType, defineContent } from '@dimp/dkd';
import { definedOnly, type JsonObject, ownMember } from '@dimp/foundation';
import { type Schema, string, wireObject } from '@dimp/foundation/schema';
import { readExtra, writeExtra } from '../fields/extra.ts';

/** A message of an application (spec §9.2). */
export interface CustomizedBody {
  /** The application, such as `com.example.game`. */
  readonly app: string;
  /** The module of the application. */
  readonly mod: string;
  /** The action. */
  readonly act: string;
  /** Members of the application. Avoid single-letter names, which peers expand (spec §10). */
  readonly extra?: JsonObject;
}

/**
 * The content of an application without a content type of its own, type 204 (spec §9.2). Define a content type with the
 * same `match` plus `app`, `mod` and `act` to get a typed body instead.
 */
export const Customized: ContentType<'customized', CustomizedBody> = /* @__PURE__ */ defineContent({
  kind: 'customized',
  match: { type: '204' },
  schema: () => customized(),
});

/** Private content of an application, type 160 (spec §9.1). */
export const Application: ContentType<'application', CustomizedBody> =
  /* @__PURE__ */ defineContent({
    kind: 'application',
    match: { type: '160' },
    schema: () => customized(),
  });

const NAMED: readonly string[] = ['app', 'mod', 'act'];

function customized(): Schema<CustomizedBody> {
  return wireObject<CustomizedBody>(
    (wire) => ({
      app: string.decode(ownMember(wire, 'app'), 'app'),
      mod: string.decode(ownMember(wire, 'mod'), 'mod'),
      act: string.decode(ownMember(wire, 'act'), 'act'),
      ...definedOnly({ extra: readExtra(wire, NAMED) }),
    }),
    ({ app, mod, act, extra }) => ({ app, mod, act, ...writeExtra(extra, NAMED) }),
  );
}
