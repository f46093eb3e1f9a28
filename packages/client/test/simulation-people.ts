import type { Clock, Dialect, Store } from '@dimp/core';
import { deployed } from '@dimp/core/dialects';
import type { Signer } from '@dimp/crypto';
import { type ID, signDocument, type User } from '@dimp/mkm';
import type { CrashingStore, SeededRandom, SimulatedNode } from '@dimp/testing/network';
import { Facebook, type Messenger, register } from '../src/index.ts';
import { protocol } from './people.ts';
import type { SimulationOptions } from './simulation-options.ts';

/** One run of a program, from its start to its death. */
export interface Life {
  readonly store: CrashingStore;
  readonly messenger: Messenger<typeof protocol>;
  /** Names of the messages that its handler got. */
  readonly handled: Set<string>;
}

/** What a client is like. */
export type Kind = 'usual' | 'old' | 'terminals' | 'anew';

/** A person at a client. Their screen and what they remember having written outlive their program. */
export interface Person {
  readonly name: string;
  readonly kind: Kind;
  readonly id: ID;
  /** Another one after they have begun anew. */
  durable: Store;
  readonly random: SeededRandom;
  readonly node: SimulatedNode;
  /** What they were shown, in order, by name of the message. */
  readonly screen: Map<string, string>;
  /** What the device that was lost has shown. */
  readonly readOnOldDevice: Set<string>;
  /** When messages that wait for the one before them arrived, by name. */
  readonly waiting: Map<string, number>;
  /** What they have written and do not know to be on disk. */
  readonly unsure: { readonly to: Person; readonly text: string }[];
  readonly written: Map<Person, number>;
  /** Kills their program and starts it again. */
  readonly restart: () => Promise<void>;
  life: Life;
  left: number;
  /** Without a device. */
  absent: boolean;
}

/** Where an identity is made. */
export interface Device {
  readonly kind: Kind;
  readonly store: Store;
  readonly clock: Clock;
  readonly identity: { readonly signer: Signer; readonly metaType: '2' };
  /** Name of a second device. */
  readonly terminal?: string;
}

/** Which kind each client is of. */
export function kindsOf({ clients, peers = {} }: SimulationOptions): readonly Kind[] {
  const { old = 0, terminals = 0, anew = 0 } = peers;
  const special = [
    ...Array<Kind>(old).fill('old'),
    ...Array<Kind>(terminals).fill('terminals'),
    ...Array<Kind>(anew).fill('anew'),
  ];
  return Array.from({ length: clients }, (_, n) => special[n] ?? 'usual');
}

/** Makes an identity on a device: the same for the same name, with a key for receiving of its own. */
export async function settle(
  name: string,
  { kind, store, clock, identity, terminal }: Device,
): Promise<User> {
  const facebook = new Facebook({ protocol, store, clock });
  const visa = kind === 'old' ? { accepts: null } : {};
  const options = { facebook, visa, ...identity };
  const user = await register(name, options);
  if (terminal === undefined) return user;
  const first = await user.visa();
  const signed = await signDocument(
    {
      did: user.id,
      type: 'visa',
      properties: { ...first?.properties },
      now: clock.now() / 1000 + 1,
      terminal,
    },
    options.signer,
  );
  await facebook.saveDocument(signed, user.id);
  return user;
}

/** What a session tells its station after login. */
export async function publish(user: User, station: Facebook): Promise<void> {
  const meta = await user.meta();
  const documents = await user.documents();
  const visa = documents.reduce((a, b) => ((a.time ?? 0) > (b.time ?? 0) ? a : b));
  if (meta === undefined) throw new Error('register saves it');
  await station.saveMeta(meta.wire, user.id);
  await station.saveDocument(visa.wire, user.id);
}

/** The node of a person's second device. */
export function tabletOf(name: string): string {
  return `${name} tablet`;
}

/** What programs of the generation before write: receipts without a code. */
export const oldDialect: Dialect = {
  ...deployed,
  outgoing(scope, wire) {
    const { code: _, ...rest } = wire;
    return deployed.outgoing(scope, scope === 'content' ? rest : wire);
  },
};

/** A killed program does nothing any more, and its errors are ignored. */
export async function alive(life: Life, task: () => Promise<void>): Promise<void> {
  if (life.store.crashed) return;
  try {
    await task();
  } catch (error) {
    if (!life.store.crashed) throw error;
  }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Texts that stand on a screen more than once. */
export function repeated(screen: ReadonlyMap<string, string>): number {
  return screen.size - new Set(screen.values()).size;
}

/** Texts that stand behind a later one of the same sender. */
export function disorder(screen: ReadonlyMap<string, string>): number {
  const last = new Map<string, number>();
  let wrong = 0;
  for (const text of screen.values()) {
    const cut = text.lastIndexOf(' ');
    const [sender, number] = [text.slice(0, cut), Number(text.slice(cut + 1))];
    if (number < (last.get(sender) ?? 0)) wrong += 1;
    else last.set(sender, number);
  }
  return wrong;
}
