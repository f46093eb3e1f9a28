import type { Content, Envelope } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/** A command that arrived over a connection as a message of its own. Its sender is verified, its content is not checked. */
export interface DirectCommand<Body = unknown> {
  readonly envelope: Envelope;
  readonly content: Content<string, Body>;
}

/** A decrypted message whose content is a command. */
export interface Command<Body> {
  readonly envelope: Envelope;
  readonly content: Content<string, Body>;
  /** The local user that it is for. */
  readonly user: ID;
}
