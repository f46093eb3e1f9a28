import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { bundleOnce } from '../helpers/bundle.node.ts';
import type { ClientOrder, ClientSetup, ClientWord } from './client-protocol.node.ts';

const BUNDLE = await bundleOnce('test/e2e/client.child.node.ts', 'apps/station/node_modules');

/** A message on the screen of a person, and how often it was shown. */
export interface Shown {
  readonly id: string;
  readonly from: string;
  readonly text: string;
  times: number;
  /** Whether the client has stored that the message was shown. */
  done: boolean;
}

/** A person with a client in a process of its own. Their lists of messages outlive the process. */
export class Person {
  readonly setup: ClientSetup;
  /** Shown messages by ID, in the order in which they were shown first. */
  readonly screen: Map<string, Shown> = new Map();
  /** Texts for which `send` has returned. */
  readonly sent: string[] = [];
  /** Texts that were shown again after they were confirmed. */
  readonly repeated: string[] = [];
  readonly words: ClientWord[] = [];
  id = '';
  lives = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #errors = '';
  readonly #listeners = new Set<() => void>();

  constructor(setup: ClientSetup) {
    this.setup = setup;
    onTestFinished(() => {
      this.#child?.kill('SIGKILL');
    });
  }

  get name(): string {
    return this.setup.name;
  }

  /** Texts on the screen, in order. */
  get texts(): readonly string[] {
    return [...this.screen.values()].map(({ text }) => text);
  }

  /** The last reported state of the session since the last start. */
  state = '';

  /** Starts the program, and waits until it accepts orders. */
  async start(): Promise<void> {
    this.lives += 1;
    this.state = '';
    const child = spawn(process.execPath, [BUNDLE, JSON.stringify(this.setup)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    let [rest, ready] = ['', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const word = JSON.parse(line) as ClientWord;
        if (word.is === 'ready') ready = true;
        this.#hear(word);
      }
      for (const listener of this.#listeners) listener();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    // The process may be killed while an order is being written.
    child.stdin.on('error', () => undefined);
    let over = false;
    this.#ended = new Promise((resolve) => {
      child.on('close', () => {
        over = true;
        for (const listener of this.#listeners) listener();
        resolve();
      });
    });
    await this.until(() => ready || over);
    if (!ready) throw new Error(`the client of ${this.name} ended: ${this.#errors}`);
  }

  tell(order: ClientOrder): void {
    this.#child?.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** Kills the program by SIGKILL. All its reports up to then are read. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits until a condition on the reports of this client holds. */
  async until(holds: () => boolean, milliseconds = 60_000): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        const last = this.words.slice(-5).map((word) => JSON.stringify(word).slice(0, 200));
        reject(
          new Error(
            `${this.name}: the condition does not hold in time. ${last.join(' ')}${this.#errors}`,
          ),
        );
      }, milliseconds);
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
    });
  }

  #hear(word: ClientWord): void {
    this.words.push(word);
    if (word.is === 'ready') this.id = word.id;
    if (word.is === 'state') this.state = word.state;
    if (word.is === 'sent') this.sent.push(word.text);
    if (word.is === 'shown') this.#show(word);
    const shown = word.is === 'done' ? this.screen.get(word.id) : undefined;
    if (shown !== undefined) shown.done = true;
  }

  #show({ id, from, text }: Extract<ClientWord, { is: 'shown' }>): void {
    const shown = this.screen.get(id);
    if (shown === undefined) {
      this.screen.set(id, { id, from, text, times: 1, done: false });
      return;
    }
    shown.times += 1;
    if (shown.done) this.repeated.push(text);
  }
}

/** Creates a person with a client of their own. */
export function newPerson(
  folder: string,
  name: string,
  setup: Omit<ClientSetup, 'name' | 'store'>,
): Person {
  return new Person({ name, store: join(folder, name), ...setup });
}
