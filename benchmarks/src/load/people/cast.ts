import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { JsonObject } from '@dimp/foundation';
import { messagesOfSender, type Plan } from '../plan.ts';
import { newMessageKey, type PersonData } from './person.ts';
import { type PeopleTask, receiverOf, type SenderData, type SendersTask } from './tasks.ts';

/** Base64 characters of a signature that tell messages apart: 72 bits. */
const NAME_CHARACTERS = 12;
const SIGNATURE = Buffer.from('signature');

/** All users and all messages of a run, made and signed before the clock starts. */
export class Cast {
  readonly messageKey: JsonObject;
  readonly senders: readonly SenderData[];
  readonly receivers: readonly PersonData[];
  /** Users who log in and do nothing. */
  readonly idle: readonly PersonData[];
  /** Messages of each sender. */
  readonly depth: number;
  /** Numbers of the messages by the beginning of their signature. */
  readonly #numbers = new Map<string, number>();

  private constructor(
    messageKey: JsonObject,
    senders: readonly SenderData[],
    receivers: readonly PersonData[],
    idle: readonly PersonData[],
    depth: number,
  ) {
    this.messageKey = messageKey;
    this.senders = senders;
    this.receivers = receivers;
    this.idle = idle;
    this.depth = depth;
    for (const [sender, { payloads }] of senders.entries()) {
      for (let message = 0; message < depth; message++) {
        const [start, end] = this.#range(sender, message);
        const name = nameIn(Buffer.from(payloads.buffer, payloads.byteOffset), start, end);
        if (name === undefined) throw new Error('a message has no signature');
        this.#numbers.set(name, sender * depth + message);
      }
    }
    if (this.#numbers.size !== senders.length * depth) throw new Error('two messages look alike');
  }

  /** Makes them, with all processors. */
  static async assemble(plan: Plan): Promise<Cast> {
    const messageKey = await newMessageKey();
    const threads = Math.max(1, availableParallelism());
    const made = await inThreads<PersonData>(
      shares(plan.receivers + plan.idle, threads).map(({ count }) => ({
        kind: 'people',
        count,
        messageKey,
      })),
    );
    const receivers = made.slice(0, plan.receivers);
    const messages = messagesOfSender(plan);
    const { textBytes } = plan;
    const senders = await inThreads<SenderData>(
      shares(plan.senders, threads).map(({ first, count }) => ({
        kind: 'senders',
        first,
        count,
        messageKey,
        receivers,
        messages,
        textBytes,
      })),
    );
    return new Cast(messageKey, senders, receivers, made.slice(plan.receivers), messages);
  }

  /** Bytes of an average message. */
  get payloadBytes(): number {
    const bytes = this.senders.reduce((sum, { payloads }) => sum + payloads.length, 0);
    return Math.round(bytes / (this.senders.length * this.depth));
  }

  /** A message as it is sent. */
  payload(sender: number, message: number): Uint8Array {
    return this.#sender(sender).payloads.subarray(...this.#range(sender, message));
  }

  /** The number of the receiver of a message. */
  receiverOf(sender: number, message: number): number {
    return receiverOf(sender, message, this.receivers.length);
  }

  /**
   * The number of a message that has arrived, `sender * depth + message`; undefined if it is none of them. The quotes around
   * the signature may have been escaped for XML.
   */
  numberOf(bytes: Buffer, start: number, end: number): number | undefined {
    const name = nameIn(bytes, start, end);
    return name === undefined ? undefined : this.#numbers.get(name);
  }

  #sender(sender: number): SenderData {
    const data = this.senders[sender];
    if (data === undefined) throw new RangeError('there is no such sender');
    return data;
  }

  #range(sender: number, message: number): [start: number, end: number] {
    const { ends } = this.#sender(sender);
    return [message === 0 ? 0 : (ends[message - 1] as number), ends[message] as number];
  }
}

function nameIn(bytes: Buffer, start: number, end: number): string | undefined {
  const found = bytes.indexOf(SIGNATURE, start);
  if (found === -1 || found >= end) return undefined;
  const after = found + SIGNATURE.length;
  // `":"` or `&quot;:&quot;`
  const at = after + (bytes[after] === 0x22 ? 3 : 13);
  return bytes.toString('latin1', at, at + NAME_CHARACTERS);
}

function shares(count: number, threads: number): { first: number; count: number }[] {
  return Array.from({ length: threads }, (_, index) => {
    const first = Math.floor((count * index) / threads);
    return { first, count: Math.floor((count * (index + 1)) / threads) - first };
  });
}

async function inThreads<T>(tasks: readonly (PeopleTask | SendersTask)[]): Promise<readonly T[]> {
  return (await Promise.all(tasks.map((task) => inThread<T>(task)))).flat();
}

async function inThread<T>(task: PeopleTask | SendersTask): Promise<readonly T[]> {
  const worker = new Worker(new URL('./worker.js', import.meta.url));
  try {
    return await new Promise<readonly T[]>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
      worker.postMessage(task);
    });
  } finally {
    await worker.terminate();
  }
}
