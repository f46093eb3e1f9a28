import type { Socket } from 'node:net';
import { ProtocolError } from '@dimp/foundation';
import { MtpDecoder } from '../mtp/decoder.ts';
import { encodeFrame } from '../mtp/encode.ts';
import { FragmentAssembler } from '../mtp/fragments.ts';
import type { MtpFrame } from '../mtp/frame.ts';
import { automaticReply, isAgain, isIdleWord, PING } from '../mtp/reply.ts';
import { SocketTransport } from '../socket/socket-transport.ts';
import { ArrivalIDs } from './arrival-ids.ts';
import type { TcpOptions } from './options.ts';
import { PendingSends } from './pending-sends.ts';
import { SocketWriter } from './socket-writer.ts';

/** {@link TcpOptions} with the longest payload accepted, in bytes. */
export interface MtpTransportOptions extends TcpOptions {
  readonly maxPayloadBytes: number;
}

/** Bytes of garbage after which the peer counts as one that does not speak MTP. */
const MAX_SKIPPED_BYTES = 64 * 1024;
/** How many of the longest payloads may wait for the rest of their fragments. */
const LONGEST_SETS = 2;
/** Silence after which the kernel asks the peer whether it is there. */
const KERNEL_KEEP_ALIVE_MS = 60_000;
const OPENING_BRACE = 0x7b;

/** The last package of a payload; undefined for a payload that is not acknowledged. */
type Ticket = MtpFrame | undefined;

/** MTP over a connected socket (spec §12.2–12.4), for either side. */
export class MtpTransport extends SocketTransport<Ticket> {
  readonly #keepAlive: number | undefined;
  readonly #decoder: MtpDecoder;
  readonly #writer: SocketWriter;
  readonly #pendingSends: PendingSends;
  readonly #arrivalIDs = new ArrivalIDs();
  #assembler: FragmentAssembler | undefined;
  #maxArrivingBytes: number;
  /** When this side last sent a PING, in milliseconds. */
  #pingAt = 0;

  /**
   * @param keepAlive - milliseconds of silence after which a PING is sent; undefined for a station (spec §12.4)
   * @param head - bytes that were already read from the socket
   */
  constructor(socket: Socket, options: MtpTransportOptions, keepAlive?: number, head?: Uint8Array) {
    super(socket, options);
    this.#keepAlive = keepAlive;
    this.#maxArrivingBytes = options.maxPayloadBytes;
    this.#decoder = new MtpDecoder({
      maxBodyBytes: options.maxPayloadBytes,
      // Node reads into new memory each time.
      sharesChunks: true,
    });
    this.#writer = new SocketWriter(socket, this.timer.clock);
    this.#pendingSends = new PendingSends(options.resend);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KERNEL_KEEP_ALIVE_MS);
    this.start(head);
  }

  async send(payload: Uint8Array): Promise<void> {
    this.checkSend(payload);
    await this.#pendingSends.add(payload, this.#writer);
  }

  override limitPayloads(bytes: number | undefined): void {
    super.limitPayloads(bytes);
    this.#maxArrivingBytes = bytes ?? this.maxPayloadBytes;
    this.#decoder.maxBodyBytes = this.#maxArrivingBytes;
    this.#assembler?.setLimits(this.#fragmentLimits());
    this.#writer.maxReplyBytes = bytes;
  }

  acknowledged(payload: Uint8Array, ticket: Ticket): void {
    if (ticket === undefined) return;
    this.#arrivalIDs.acknowledged(ticket, payload, this.timer.clock.now());
    this.guard(() => this.#reply(ticket));
  }

  abandoned(payload: Uint8Array, ticket: Ticket): void {
    if (ticket !== undefined) this.#arrivalIDs.abandoned(ticket, payload);
  }

  drained(): void {
    this.#writer.drained();
  }

  protected override decode(chunk: Uint8Array): void {
    const frames = this.#decoder.push(chunk);
    if (frames.length > 0) this.heard();
    for (const frame of frames) this.#receiveFrame(frame);
    if (this.#decoder.failure !== undefined) throw this.#decoder.failure;
    if (this.#decoder.skippedBytes > MAX_SKIPPED_BYTES) {
      throw new ProtocolError('transport/protocol', 'the peer does not speak MTP');
    }
  }

  protected override get partialBytes(): number {
    return this.#decoder.waitingBytes;
  }

  protected override get blockedSince(): number | undefined {
    return this.#writer.blockedSince;
  }

  /** Each byte of a package that is arriving adds a millisecond. */
  protected override get grace(): number {
    return this.#decoder.waitingBytes;
  }

  protected override checkTimeouts(now: number): void {
    this.#arrivalIDs.sweep(now);
    this.#pingIfSilent(now);
    this.#pendingSends.sweep(now, this.#writer);
  }

  protected override endWriting(): void {
    this.#writer.end();
  }

  protected override release(error: ProtocolError): void {
    this.#writer.discard();
    this.#pendingSends.fail(error);
  }

  #pingIfSilent(now: number): void {
    const keepAlive = this.#keepAlive;
    if (keepAlive === undefined || this.queue.paused) return;
    if (this.silence(now) < keepAlive || now - this.#pingAt < keepAlive) return;
    this.#pingAt = now;
    const id = this.#pendingSends.nextID();
    this.#writer.reply(encodeFrame({ type: 'command', id, body: PING }));
  }

  #receiveFrame(frame: MtpFrame): void {
    const { body } = frame;
    switch (frame.type) {
      case 'command':
        // The answer to a command that brings messages waits until the application has kept them.
        if (isMessages(body)) this.#arrive(frame, body);
        else this.#reply(frame);
        break;
      case 'message':
        if (isIdleWord(body)) this.#reply(frame);
        else this.#arrive(frame, body);
        break;
      case 'fragment':
        this.#receiveFragment(frame);
        break;
      case 'message-response':
        if (isAgain(body)) break;
        this.#pendingSends.complete(frame.id);
        this.#receiveResponse(body);
        break;
      case 'command-response':
        this.#receiveResponse(body);
        break;
      default:
    }
  }

  /** A response may bring messages too (spec §12.3). It is never answered. */
  #receiveResponse(body: Uint8Array): void {
    if (isMessages(body) && this.isOpen) this.queue.push(body, undefined);
  }

  #receiveFragment(frame: MtpFrame): void {
    this.#assembler ??= new FragmentAssembler({
      clock: () => this.timer.clock.now() / 1000,
      ...this.#fragmentLimits(),
    });
    const payload = this.#assembler.add(frame);
    if (payload !== undefined && payload.length > 0) this.#arrive(frame, payload);
    else if (!this.#arrivalIDs.holds(frame)) this.#reply(frame);
  }

  #fragmentLimits(): { maxBodyBytes: number; maxWaitingBytes: number } {
    const maxBodyBytes = this.#maxArrivingBytes;
    return { maxBodyBytes, maxWaitingBytes: maxBodyBytes * LONGEST_SETS };
  }

  #arrive(frame: MtpFrame, payload: Uint8Array): void {
    if (!this.isOpen) return;
    const verdict = this.#arrivalIDs.classify(frame, payload);
    if (verdict === 'deliver') this.queue.push(payload, frame);
    else if (verdict === 'done') this.#reply(frame);
  }

  #reply(frame: MtpFrame): void {
    const reply = automaticReply(frame);
    if (reply !== undefined) this.#writer.reply(encodeFrame(reply));
  }
}

/** Whether a body contains messages: these start with an opening brace (spec §12.3). */
function isMessages(body: Uint8Array): boolean {
  return body[0] === OPENING_BRACE;
}
