import type { Content, Envelope } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/** A command that came over a connection as a message of its own: its sender is proven, what it says is not. */
export interface DirectCommand<Body = unknown> {
  readonly envelope: Envelope;
  readonly content: Content<string, Body>;
}

/** An opened message whose content is a command. */
export interface Command<Body> {
  readonly envelope: Envelope;
  readonly content: Content<string, Body>;
  /** The user of this machine whom it is for. */
  readonly user: ID;
}
