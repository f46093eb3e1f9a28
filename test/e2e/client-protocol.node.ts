/** What a client of its own is started with, as JSON. */
export interface ClientSetup {
  readonly name: string;
  /** Folder of its store. */
  readonly store: string;
  readonly port: number;
  readonly framing: 'mtp' | 'websocket';
  /** Milliseconds. */
  readonly keepAlive?: number;
  /** Milliseconds. */
  readonly idleTimeout?: number;
  /** Milliseconds until a message that nobody has confirmed is sent once more. */
  readonly resendAfter?: number;
}

/** What it is told to do, a line of JSON each. */
export type ClientOrder =
  | { readonly do: 'send'; readonly to: string; readonly texts: readonly string[] }
  | { readonly do: 'deliveries' };

/** What it says, a line of JSON each. */
export type ClientWord =
  | { readonly is: 'ready'; readonly id: string }
  | { readonly is: 'state'; readonly state: string; readonly code?: string }
  /** `send` has returned: the message is on its disk. */
  | { readonly is: 'sent'; readonly text: string }
  | { readonly is: 'shown'; readonly id: string; readonly from: string; readonly text: string }
  /** The message was shown, and that it was is on the disk. */
  | { readonly is: 'done'; readonly id: string }
  | { readonly is: 'deliveries'; readonly states: readonly string[] }
  | { readonly is: 'refused'; readonly code: string }
  | { readonly is: 'failed'; readonly what: string };
