import type { ReliableMessage } from '@dimp/dkd';
import { messageID } from '../messenger/message-id.ts';
import { type Received, together } from './answer.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** What came of a message that is tried again. */
export interface Attempt extends Received {
  /** It has to be kept. */
  readonly stays: boolean;
}

/** What {@link Ahead} needs of the receiver. */
export interface AheadParts {
  readonly room: WaitingRoom;
  readonly take: (text: string) => Promise<Attempt>;
  /** Does something in some minutes. */
  readonly later: (task: () => Promise<Received>) => void;
}

/**
 * Messages whose time has not come by our clock. The clock that is wrong may be ours, and whoever carried a message here
 * does not bring it again: it is kept until its time has come, or it is too old.
 */
export class Ahead {
  readonly #parts: AheadParts;
  #scheduled = false;

  constructor(parts: AheadParts) {
    this.#parts = parts;
  }

  async keep(message: ReliableMessage, text: string): Promise<void> {
    const key = message.envelope.sender.entity;
    await this.#parts.room.add({ key, id: messageID(message), text });
    this.#releaseLater();
  }

  /** Takes in those whose time has come. */
  async release(): Promise<Received> {
    const { room, take } = this.#parts;
    const received: Received[] = [];
    let left = false;
    for (const key of await room.keys()) {
      for (const message of await room.of(key)) {
        const attempt = await take(message.text);
        received.push(attempt);
        if (attempt.stays) left = true;
        else await room.remove(message);
      }
    }
    if (left) this.#releaseLater();
    return together(received);
  }

  #releaseLater(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.later(() => {
      this.#scheduled = false;
      return this.release();
    });
  }
}
