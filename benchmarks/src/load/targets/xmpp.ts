import type { ChildProcess } from 'node:child_process';
import type { Plan } from '../plan.ts';
import type { Connection, PayloadListener } from '../wires/wire.ts';
import { xmppWire } from '../wires/xmpp.ts';
import { pidOf, stopProgram, untilReady } from './child.ts';
import type { Role, Target } from './target.ts';
import { loginXmpp, registerAccounts } from './xmpp-login.ts';

/** Accounts that the idle connections share, each connection with its own resource. */
const IDLE_ACCOUNTS = 50;

/** Creates accounts at a starting XMPP server and returns it as a target. */
export async function xmppTarget(
  name: string,
  port: number,
  child: ChildProcess,
  { senders, receivers }: Plan,
): Promise<Target> {
  try {
    await untilReady(child, () => registerAccounts(port, ['first']));
    await registerAccounts(port, [
      ...names('sender', senders),
      ...names('receiver', receivers),
      ...names('idle', IDLE_ACCOUNTS),
    ]);
  } catch (error) {
    await stopProgram(child);
    throw error;
  }
  return {
    name,
    wire: xmppWire,
    pid: pidOf(child),
    unique: false,
    keeps: true,
    forgetsAfter: 0,
    nameOf: (receiver) => `receiver${receiver}`,
    settle: async () => undefined,
    async login({ kind, number }: Role, listen: PayloadListener): Promise<Connection> {
      const idle = kind === 'idle';
      const account = idle ? `idle${number % IDLE_ACCOUNTS}` : `${kind}${number}`;
      const connection = await loginXmpp(port, account, idle ? `r${number}` : 'load');
      connection.onPayload = listen;
      // Only present users get messages.
      if (kind === 'receiver') connection.write(Buffer.from('<presence/>'));
      return connection;
    },
    [Symbol.asyncDispose]: () => stopProgram(child),
  };
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
