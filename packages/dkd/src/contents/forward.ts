import { type JsonObject, ownMember } from '@dimp/foundation';
import { array, jsonObject, wireObject } from '@dimp/foundation/schema';
import { type ContentType, defineContent } from '../content-type.ts';

/** Forwarded messages (spec §9.2). */
export interface ForwardBody {
  /** Reliable messages exactly as received. Each has to be verified. */
  readonly messages: readonly JsonObject[];
}

/** Messages in a message, type 255: `forward` holds one, `secrets` several; `secrets` counts if both are present (spec §9.2). */
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
