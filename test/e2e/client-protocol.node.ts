/** Options for a client process, passed as JSON. */
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
  /** Time in milliseconds until an unconfirmed message is sent again. */
  readonly resendAfter?: number;
}

/** An order to a client process, on a line of JSON. */
export type ClientOrder =
  | { readonly do: 'send'; readonly to: string; readonly texts: readonly string[] }
  | { readonly do: 'deliveries' };

/** A report of a client process, on a line of JSON. */
export type ClientWord =
  | { readonly is: 'ready'; readonly id: string }
  | { readonly is: 'state'; readonly state: string; readonly code?: string }
  /** `send` has returned: the message is on its disk. */
  | { readonly is: 'sent'; readonly text: string }
  | { readonly is: 'shown'; readonly id: string; readonly from: string; readonly text: string }
  /** The message was shown, which is stored on disk. */
  | { readonly is: 'done'; readonly id: string }
  | { readonly is: 'deliveries'; readonly states: readonly string[] }
  | { readonly is: 'refused'; readonly code: string }
  | { readonly is: 'failed'; readonly what: string };
