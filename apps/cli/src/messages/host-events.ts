import type { FileReport } from '../files/file-sender.ts';
import type { ConnectionReport, HostEvent } from '../host/messaging-calls.ts';
import type { People } from '../people/people.ts';
import type { Context } from '../terminal/context.ts';
import { failureOf } from '../terminal/failure.ts';
import type { Output } from '../terminal/output.ts';
import { Progress } from '../terminal/progress.ts';
import { oneLine } from '../terminal/text.ts';
import { DeferredMessages } from './deferred.ts';

/** Shows what happens in the messenger of a profile while a command runs: the connection, waiting messages, uploads. */
export class HostEvents implements Disposable {
  readonly #context: Pick<Context, 'stderr' | 'output'>;
  readonly #deferred = new DeferredMessages();
  readonly #uploads = new Map<string, Progress>();
  #people: People | undefined;
  /** Messages are shown in the order of the events. */
  #turn: Promise<void> = Promise.resolve();

  constructor(context: Pick<Context, 'stderr' | 'output'>) {
    this.#context = context;
  }

  /** Sets where names come from. */
  use(people: People): void {
    this.#people = people;
  }

  show(event: HostEvent): void {
    const { output } = this.#context;
    if (event.type === 'connection') showConnection(event.report, output);
    else if (event.type === 'problem') {
      const { code } = event;
      output.event('problem', { code }, `background work failed [${code}]`);
    } else if (event.type === 'file') this.#showFile(event.report);
    else if (event.type === 'deferred') {
      const { message } = event;
      this.#then((people) => this.#deferred.report(message, people, output));
    }
  }

  [Symbol.dispose](): void {
    for (const each of this.#uploads.values()) each[Symbol.dispose]();
    this.#uploads.clear();
  }

  #then(task: (people: People) => Promise<void>): void {
    const people = this.#people;
    if (people === undefined) return;
    this.#turn = this.#turn
      .then(() => task(people))
      .catch((error: unknown) => {
        const { code } = failureOf(error);
        this.#context.output.event('problem', { code }, `a message cannot be shown [${code}]`);
      });
  }

  #showFile({ id, filename, state, done = 0, total, ref, error, message }: FileReport): void {
    const name = oneLine(filename);
    if (state === 'uploading') {
      const known = this.#uploads.get(id);
      const progress = known ?? new Progress(name, 'upload', this.#context);
      this.#uploads.set(id, progress);
      progress.show(done, total);
      return;
    }
    this.#uploads.get(id)?.[Symbol.dispose]();
    this.#uploads.delete(id);
    const facts = { id, file: name, state, message: ref, code: error };
    const why = error === undefined ? '' : `: ${oneLine(message ?? '')} [${error}]`;
    this.#context.output.event('file', facts, why === '' ? '' : `${name} is ${state}${why}`);
  }
}

function showConnection({ state, station, error, until }: ConnectionReport, output: Output): void {
  const where = station === undefined ? '' : ` ${station.host}:${station.port}`;
  const why = error === undefined ? '' : `: ${error.message} [${error.code}]`;
  const facts = {
    state,
    station: station === undefined ? undefined : { ...station },
    code: error?.code,
    until: until === undefined ? undefined : until / 1000,
  };
  // The reason for the new attempt has been shown already.
  const again = error !== undefined && (state === 'connecting' || state === 'handshaking');
  output.event('connection', facts, again ? '' : `${state}${where}${why}`);
}
