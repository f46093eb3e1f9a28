import { DEFAULT_PAYLOAD_LIMITS, type Transport } from '@dimp/core';
import type { DirectCommand, HandshakeBody, ReceiptBody } from '@dimp/endpoint';
import { type AcceptedStep, type ProveStep, StationHandshake } from '@dimp/endpoint';
import { disposeSymbol, ProtocolError, raceAbort } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { StationContact } from '../connection/station-contact.ts';
import type { Messenger } from '../messenger/messenger.ts';
import { Announcements, type ProgramInfo } from './announcements.ts';
import { clockError, wrongClock } from './clock-doubt.ts';
import { NameQuestions, type NamesBody } from './short-names.ts';
import type { StationAddress } from './station-address.ts';
import type { StationPins } from './station-pins.ts';

/** Options for {@link StationConnection}. */
export interface ConnectionOptions {
  readonly messenger: Messenger;
  readonly address: StationAddress;
  readonly user: ID;
  readonly info: ProgramInfo;
  readonly pins: StationPins;
  /** Whether another station than before is accepted at the address. It is remembered from then on. */
  readonly trustNewStation: boolean;
  readonly onState: (state: 'connecting' | 'handshaking' | 'online') => void;
  /** See {@link StationContact.overdue}. */
  readonly onOverdue: () => void;
}

/** How long connecting and each handshake may take (spec §11.6). */
const TIMEOUT_MS = 30_000;
/** How often our location is announced to all stations (spec §11.6). */
const LOGIN_INTERVAL_MS = 300_000;
/** How long leaving may take. */
const LEAVE_TIMEOUT_MS = 2000;

/** One connection to a station, from connecting to its end. */
export class StationConnection implements StationContact {
  readonly user: ID;
  readonly #options: ConnectionOptions;
  readonly #announcements: Announcements;
  readonly #names = new NameQuestions();
  /** Aborts when the connection must end. The reason is the error. */
  readonly #end = new AbortController();
  readonly #timers = new Set<Disposable>();
  #handshake: StationHandshake | undefined;
  #handshakeTimer: Disposable | undefined;
  #transport: Transport | undefined;
  /** End of the queue of our own messages, which leave in order. */
  #turn: Promise<void> = Promise.resolve();
  #visaTime: number | undefined;
  #open = false;
  /** Whether the station has accepted a login over this connection. */
  #letIn = false;
  #onlineSince: number | undefined;

  constructor(options: ConnectionOptions) {
    const { messenger, user, info } = options;
    this.#options = options;
    this.user = user;
    this.#announcements = new Announcements(messenger, user, info);
  }

  get station(): ID | undefined {
    return this.#handshake?.station;
  }

  get isOpen(): boolean {
    return this.#open && !this.#end.signal.aborted;
  }

  /** When the station first accepted the login, in milliseconds since the epoch. */
  get onlineSince(): number | undefined {
    return this.#onlineSince;
  }

  /**
   * Connects, logs in and stays connected.
   *
   * @returns never; it always ends with an error
   * @throws why it ended
   */
  async run(): Promise<never> {
    const { messenger, onState } = this.#options;
    const { signal } = this.#end;
    const listening = messenger.facebook.events.on('documentSaved', ({ id }) => {
      if (this.isOpen && sameEntity(id, this.user)) this.#act(() => this.#tellVisa());
    });
    // Only until the station has accepted the login: later, other stations can write to us through it.
    const refusals = messenger.on('refused', ({ error, sender }) => {
      const doubt = this.isOpen ? undefined : clockError(error, sender, this.station);
      if (doubt !== undefined) this.fail(doubt);
    });
    try {
      onState('connecting');
      this.#handshake = new StationHandshake(
        this.user,
        await this.#expectedStation(),
        messenger.facebook.clock,
      );
      this.#transport = await this.#dial();
      onState('handshaking');
      this.#limitHandshake();
      const ended = messenger.connect(this.#transport, { signal, station: this });
      this.#act(async () => this.#send(await this.#announcements.hello()));
      await ended;
      signal.throwIfAborted();
      throw new ProtocolError('transport/closed', 'the station has closed the connection');
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      this.fail(new ProtocolError('transport/closed', 'the connection has ended'));
      listening[disposeSymbol]();
      refusals[disposeSymbol]();
      for (const timer of this.#timers) timer[disposeSymbol]();
      // Not waited for: the peer may never accept the rest.
      this.#transport?.close().catch(() => undefined);
    }
  }

  /** Ends the connection with an error, if it has not ended. */
  fail(error: unknown): void {
    if (!this.#end.signal.aborted) this.#end.abort(error);
  }

  /** Reports that the user is offline, if the station accepts that, and ends the connection (spec §9.8). */
  async leave(reason: ProtocolError): Promise<void> {
    const station = this.station;
    const transport = this.#transport;
    if (station !== undefined && transport !== undefined && this.isOpen) {
      await this.#within(LEAVE_TIMEOUT_MS, async () => {
        await this.#turn;
        await transport.send(await this.#announcements.report(station, 'offline'));
      });
      await this.#within(LEAVE_TIMEOUT_MS, () => transport.close());
    }
    this.fail(reason);
  }

  /** Asks the station whom a name stands for. */
  async resolve(name: string, signal?: AbortSignal): Promise<ID | undefined> {
    const station = this.station;
    if (station === undefined || !this.isOpen) {
      throw new ProtocolError('state/not-ready', 'the session must be online to ask the station');
    }
    const end =
      signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]);
    const answer = this.#names.answer(name, this.#options.messenger.timers, end);
    this.#act(async () => this.#send(await this.#announcements.names(station, [name])));
    return answer;
  }

  handshake(command: DirectCommand<HandshakeBody>): void {
    if (this.#end.signal.aborted) return;
    let step: ProveStep | AcceptedStep | undefined;
    try {
      step = this.#handshake?.take(command);
    } catch (error) {
      this.fail(error);
    }
    if (step?.kind === 'prove') this.#prove(step);
    if (step?.kind === 'accepted') this.#accepted(step);
  }

  overdue(): void {
    this.#options.onOverdue();
  }

  take({ envelope, content }: DirectCommand): boolean {
    const { station } = this;
    if (content.kind === 'receipt' && !this.isOpen) {
      this.#refused(envelope.sender, content.body as ReceiptBody);
    }
    if (content.kind !== 'ans' || station === undefined) return false;
    return sameEntity(envelope.sender, station) && this.#names.take(content.body as NamesBody);
  }

  /** The station refuses our greeting. */
  #refused(sender: ID, { code }: ReceiptBody): void {
    if (sender.type !== EntityType.Station) return;
    if (this.station !== undefined && !sameEntity(sender, this.station)) return;
    if (code === 'policy/expired') this.fail(wrongClock());
    // Once the station has let us in, it may refuse other messages for this reason.
    if (code === 'policy/rate-limited' && !this.#letIn) {
      this.fail(new ProtocolError(code, 'the station takes no more logins for now'));
    }
  }

  async #expectedStation(): Promise<ID | undefined> {
    const { address, pins, trustNewStation } = this.#options;
    return address.id ?? (trustNewStation ? undefined : await pins.get(address));
  }

  /** @throws `transport/timeout`; what the transport throws; the error that ends the connection */
  async #dial(): Promise<Transport> {
    const { address } = this.#options;
    const { signal } = this.#end;
    const timer = this.#after(TIMEOUT_MS, () =>
      this.fail(new ProtocolError('transport/timeout', 'connecting took too long')),
    );
    const context = { signal, maxPayloadBytes: DEFAULT_PAYLOAD_LIMITS.maxLength };
    const opening = Promise.resolve().then(() => address.connect(context));
    try {
      return await raceAbort(opening, signal);
    } catch (error) {
      // The caller does not want the connection any more.
      void opening.then((transport) => transport.close()).catch(() => undefined);
      throw error;
    } finally {
      timer[disposeSymbol]();
    }
  }

  /** Sends the proof. Nothing else leaves until the station has accepted it. */
  #prove({ station, session }: ProveStep): void {
    const wasOpen = this.#open;
    this.#open = false;
    if (wasOpen) this.#options.onState('handshaking');
    this.#limitHandshake();
    this.#act(async () => this.#send(await this.#announcements.helloAgain(station, session)));
  }

  #accepted(step: AcceptedStep): void {
    this.#act(async () => {
      const { address, pins } = this.#options;
      // The step may have come twice.
      if (this.#open || !this.#handshake?.isLast(step)) return;
      this.#handshakeTimer?.[disposeSymbol]();
      this.#letIn = true;
      await pins.set(address, step.station);
      await this.#tellVisa();
      await this.#tellLogin(step.station);
      this.#send(await this.#announcements.report(step.station, 'online'));
      // The station may have asked again meanwhile.
      if (this.#handshake.isLast(step)) this.#goOnline(step.station);
    });
  }

  #goOnline(station: ID): void {
    const { messenger, onState } = this.#options;
    if (this.#end.signal.aborted) return;
    if (this.#onlineSince === undefined) this.#repeatLogin(station);
    this.#onlineSince ??= messenger.facebook.clock.now();
    this.#open = true;
    onState('online');
    messenger.resume();
  }

  async #tellVisa(): Promise<void> {
    const visa = await this.#announcements.visa();
    if (visa === undefined || visa.time === this.#visaTime) return;
    this.#visaTime = visa.time;
    this.#send(visa.bytes);
  }

  async #tellLogin(station: ID): Promise<void> {
    const { host, port } = this.#options.address;
    this.#send(await this.#announcements.login(station, host, port));
  }

  #repeatLogin(station: ID): void {
    this.#after(LOGIN_INTERVAL_MS, () => {
      this.#repeatLogin(station);
      // Until the login is accepted, only the handshake leaves.
      if (this.isOpen) this.#act(() => this.#tellLogin(station));
    });
  }

  #limitHandshake(): void {
    this.#handshakeTimer?.[disposeSymbol]();
    this.#handshakeTimer = this.#after(TIMEOUT_MS, () =>
      this.fail(
        new ProtocolError('transport/timeout', 'the station did not accept the login in time'),
      ),
    );
  }

  /** Queues a task. If it fails, the connection fails. */
  #act(task: () => Promise<void>): void {
    this.#turn = this.#turn
      .then(async () => {
        if (!this.#end.signal.aborted) await task();
      })
      .catch((error: unknown) => this.fail(error));
  }

  /** Not waited for: the station acknowledges it only when we have acknowledged its messages. */
  #send(bytes: Uint8Array): void {
    this.#transport?.send(bytes).catch((error: unknown) => this.fail(error));
  }

  #after(delay: number, task: () => void): Disposable {
    const timer = this.#options.messenger.timers.after(delay, () => {
      this.#timers.delete(handle);
      task();
    });
    const handle: Disposable = {
      [disposeSymbol]: () => {
        this.#timers.delete(handle);
        timer[disposeSymbol]();
      },
    };
    this.#timers.add(handle);
    return handle;
  }

  /** Runs a task for a limited time, and ignores its failure. */
  async #within(delay: number, task: () => Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      // This timer must not end with the connection.
      const timer = this.#options.messenger.timers.after(delay, resolve);
      task()
        .catch(() => undefined)
        .finally(() => {
          timer[disposeSymbol]();
          resolve();
        });
    });
  }
}
