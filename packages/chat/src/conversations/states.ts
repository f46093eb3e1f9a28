import type { DeliveryReport, ServiceHost } from '@dimp/client';
import type { Timers } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { decodeRecord } from '@dimp/endpoint';
import { disposeSymbol, equalJson } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import type { History } from '../history/history.ts';
import { MAX_RECEIVERS, type MessageRecord, type SentState } from '../history/message-record.ts';
import { openPath } from '../history/paths.ts';
import { roleOf } from './content-role.ts';
import { refOfContent } from './message-of.ts';
import { conversationOf } from './place-of.ts';

/** Shortest time between two writes of states in one conversation, in milliseconds. */
const WRITE_EVERY_MS = 1000;

/** A change of a delivery. */
export interface DeliveryChange {
  readonly id: string;
  readonly sender: ID;
  readonly receiver: ID;
  readonly content: Content;
  readonly report: DeliveryReport;
}

/** Options for {@link States}. */
export interface StatesParts {
  readonly history: (user: ID) => History;
  readonly timers: Timers;
  readonly background: (task: () => Promise<void>) => void;
}

/** The states of one conversation that are not written yet. */
interface Waiting {
  readonly history: History;
  readonly conversation: ReturnType<typeof conversationOf> & object;
  readonly reports: Map<string, DeliveryReport>;
  timer: Disposable | undefined;
  lastWrite: number;
}

/** Writes the states of outgoing messages: the first at once, later ones at most once a second for each conversation. */
export class States {
  readonly #parts: StatesParts;
  readonly #waiting = new Map<string, Waiting>();
  #stopped = false;

  constructor(parts: StatesParts) {
    this.#parts = parts;
  }

  /** The state of a delivery has changed. */
  note({ sender, receiver, content, report }: DeliveryChange): void {
    const conversation = conversationOf({ sender, receiver }, content, sender);
    // An edit has the name of its original, whose state is not that of the edit.
    const isMessage = roleOf(content) === 'message';
    if (conversation === undefined || !isMessage || this.#stopped) return;
    const history = this.#parts.history(sender);
    const name = `${sender.entity}\u0000${conversation.with.entity}`;
    const waiting = this.#waiting.get(name) ?? {
      history,
      conversation,
      reports: new Map<string, DeliveryReport>(),
      timer: undefined,
      lastWrite: Number.NEGATIVE_INFINITY,
    };
    this.#waiting.set(name, waiting);
    waiting.reports.set(refOfContent(content, sender, content.time ?? 0), report);
    if (waiting.timer !== undefined) return;
    const wait = waiting.lastWrite + WRITE_EVERY_MS - history.clock.now();
    const write = (): void => this.#parts.background(() => this.#write(name, waiting));
    if (wait <= 0) write();
    else waiting.timer = this.#parts.timers.after(wait, write);
  }

  /** Compares messages whose delivery was not settled with the outbox. What is not there was given up. */
  async compare(user: ID, host: ServiceHost): Promise<void> {
    const history = this.#parts.history(user);
    const open = new Map<string, { id: string; ref: string }>();
    for await (const [path, bytes] of history.store.list(['msg-open', user.entity])) {
      const [, , id, ref] = path;
      if (id === undefined || ref === undefined) continue;
      // A damaged name is that of no delivery.
      open.set(nameOf(bytes) ?? path.join(' '), { id, ref });
    }
    if (open.size === 0) return;
    for (const delivery of await host.deliveries()) {
      if (!open.delete(delivery.id)) continue;
      this.note({ ...delivery, report: delivery.report } as DeliveryChange);
    }
    for (const { id, ref } of open.values()) await this.#endOf(history, id, ref);
  }

  /** Writes what is not written yet. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const [name, waiting] of [...this.#waiting]) await this.#write(name, waiting);
  }

  /** Resolves when all states that were noted are written. */
  async flush(): Promise<void> {
    for (const [name, waiting] of [...this.#waiting]) await this.#write(name, waiting);
  }

  async #write(name: string, waiting: Waiting): Promise<void> {
    waiting.timer?.[disposeSymbol]();
    waiting.timer = undefined;
    const { history, conversation, reports } = waiting;
    if (reports.size === 0) {
      this.#waiting.delete(name);
      return;
    }
    const written = [...reports];
    reports.clear();
    waiting.lastWrite = history.clock.now();
    try {
      await history.change(conversation.with.entity, conversation.kind, async (edit) => {
        for (const [ref, report] of written) await applyReport(edit, ref, report);
      });
    } catch (error) {
      // The next change, or the end, tries again.
      for (const [ref, report] of written) if (!reports.has(ref)) reports.set(ref, report);
      throw error;
    }
  }

  async #endOf(history: History, id: string, ref: string): Promise<void> {
    await history.change(id, 'person', async (edit) => {
      edit.changes.delete(openPath(edit.place, ref));
      const message = await edit.message(ref);
      if (message === undefined) return;
      // A later state means that it has left; it was settled when this program ended.
      const lost = message.state === 'queued' || message.state === 'waiting';
      if (lost)
        await edit.replace(message, { ...message, state: 'failed', error: 'state/stopped' });
    });
  }
}

function nameOf(bytes: Uint8Array): string | undefined {
  try {
    const name = decodeRecord(bytes, 'open delivery');
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

async function applyReport(
  edit: ConversationEdit,
  ref: string,
  { state, receivers, error, settled }: DeliveryReport,
): Promise<void> {
  const message = await edit.message(ref);
  if (settled) edit.changes.delete(openPath(edit.place, ref));
  if (message === undefined) return;
  const { error: _, receivers: __, ...rest } = message;
  const changed: MessageRecord = {
    ...rest,
    state,
    ...(error === undefined ? {} : { error: error.code }),
    ...(receivers.length > 1 && receivers.length <= MAX_RECEIVERS
      ? {
          receivers: Object.fromEntries(
            receivers.map((each): [string, SentState] => [each.receiver.entity, each.state]),
          ),
        }
      : {}),
  };
  const same =
    message.state === changed.state &&
    message.error === changed.error &&
    equalJson({ ...message.receivers }, { ...changed.receivers });
  if (!same) await edit.replace(message, changed);
}
