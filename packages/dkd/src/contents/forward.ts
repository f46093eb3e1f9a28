import { type JsonObject, ownMember } from '@dimp/foundation';
import { array, jsonObject, wireObject } from '@dimp/foundation/schema';
import { type ContentType, defineContent } from '../content-type.ts';

/** Signed messages passed on (spec §9.2). */
export interface ForwardBody {
  /** Reliable messages exactly as received: each has to be verified on its own. */
  readonly messages: readonly JsonObject[];
}

/** Messages inside a message, type 255: `forward` holds one, `secrets` several and counts if both are there (spec §9.2). */
export const Forward: ContentType<'forward', ForwardBody> = /* @__PURE__ */ defineContent({
  kind: 'forward',
  match: { type: '255' },
  schema: () => {
    const list = array(jsonObject);
    return wireObject<ForwardBody>(
      (wire) => {
        const secrets = ownMember(wire, 'secrets') ?? undefined;
        return {
          messages:
            secrets === undefined
              ? [jsonObject.decode(ownMember(wire, 'forward'), 'forward')]
              : list.decode(secrets, 'secrets'),
        };
      },
      ({ messages }) => {
        const [first] = messages;
        return first !== undefined && messages.length === 1
          ? { forward: first }
          : { secrets: messages };
      },
    );
  },
});
