import { definedOnly, type Json, ownMember } from '@dimp/foundation';
import { alias, boolean, object, optional, string, wireObject } from '@dimp/foundation/schema';
import type { Draft } from '../content.ts';
import { type ContentType, defineContent } from '../content-type.ts';
import { commandNamed } from './match.ts';

/** State of a handshake: offer, new key, offer with the key, accepted (spec §9.4). */
export type HandshakeState = 'start' | 'again' | 'restart' | 'success';

/** A step of the login at a station (spec §9.4). */
export interface HandshakeBody {
  /** `Hello world!`, `DIM?`, `DIM!` or another text. */
  readonly title: string;
  /** The session key, a secret between client and station. */
  readonly session?: string;
  /** Derived from title and session; not written. */
  readonly state?: HandshakeState;
  /** Host and port of the client as the station sees it. For information only. */
  readonly remote_address?: readonly [host: string, port: number];
  /** Whether the station asks because of a message that needs a session. */
  readonly force?: boolean;
}

/** Login at a station, `handshake` (spec §9.4). See {@link handshakeStart} and the other steps. */
export const Handshake: ContentType<'handshake', HandshakeBody> = /* @__PURE__ */ defineContent({
  kind: 'handshake',
  match: /* @__PURE__ */ commandNamed('handshake'),
  schema: () => {
    const members = object({
      title: alias(string, 'message'),
      session: optional(string),
      force: optional(boolean),
    });
    return wireObject<HandshakeBody>(
      (wire) => {
        const read = members.decode(wire, 'handshake');
        return {
          ...read,
          state: handshakeState(read.title, read.session),
          ...definedOnly({ remote_address: remoteAddress(ownMember(wire, 'remote_address')) }),
        };
      },
      ({ title, session, remote_address, force }) => ({
        title,
        ...definedOnly({ session }),
        ...definedOnly({ remote_address }),
        ...definedOnly({ force }),
      }),
    );
  },
});

const HELLO = 'Hello world!';
const AGAIN = 'DIM?';
const SUCCESS = 'DIM!';

/** Client to station: the offer; with the station's session key, the second offer (steps 1 and 3, spec §9.4). */
export function handshakeStart(session?: string): Draft<'handshake', HandshakeBody> {
  return Handshake.create({
    title: HELLO,
    state: handshakeState(HELLO, session),
    ...definedOnly({ session }),
  });
}

/** Station to client: a new session key (step 2, spec §9.4). */
export function handshakeAgain(
  session: string,
  options: Pick<HandshakeBody, 'remote_address' | 'force'> = {},
): Draft<'handshake', HandshakeBody> {
  return Handshake.create({ title: AGAIN, session, state: 'again', ...options });
}

/** Station to client: accepted (step 4, spec §9.4). */
export function handshakeSuccess(
  session: string,
  options: Pick<HandshakeBody, 'remote_address'> = {},
): Draft<'handshake', HandshakeBody> {
  return Handshake.create({ title: SUCCESS, session, state: 'success', ...options });
}

function handshakeState(title: string, session: string | undefined): HandshakeState {
  if (title === AGAIN) return 'again';
  if (title === SUCCESS) return 'success';
  return session === undefined ? 'start' : 'restart';
}

/** Reads the address leniently, because it is for information only. */
function remoteAddress(value: Json | undefined): readonly [string, number] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [host, port] = value as readonly Json[];
  return typeof host === 'string' && typeof port === 'number' ? [host, port] : undefined;
}
