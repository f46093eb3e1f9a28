import type { AttachmentOptions, Store } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import { corruptRecord, decodeRecord, encodeRecord } from '@dimp/endpoint';
import { definedOnly, LruMap, type Reduction } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { directionKey } from '@dimp/mkm';

/** What a message must carry so that its receiver can verify it and answer. */
export interface Introduction extends AttachmentOptions {
  /** Time of the attached visa, in seconds. */
  readonly visaTime?: number;
}

/**
 * Knows which peers have our meta and our present visa. Other peers get both with each message until they confirm one:
 * a receipt proves that the attachments of the message have arrived (spec §8.10).
 */
export class IntroducedPeers {
  readonly #facebook: Facebook;
  readonly #store: Store;
  readonly #known = new LruMap<string, number>(4096);

  constructor(facebook: Facebook) {
    this.#facebook = facebook;
    this.#store = facebook.store;
  }

  async for(sender: ID, receiver: ID): Promise<Introduction> {
    return this.forAll(sender, [receiver]);
  }

  /** What one message to several receivers must carry. */
  async forAll(sender: ID, receivers: readonly ID[]): Promise<Introduction> {
    const visaTime = (await this.#facebook.document(sender))?.time;
    if (await this.#allShown(sender, receivers, visaTime)) return {};
    return {
      attachMeta: true,
      attachVisa: true,
      ...definedOnly({ visaTime }),
    };
  }

  /** Notes that a peer has confirmed a message with a visa of ours. */
  async confirm(sender: ID, receiver: ID, visaTime: number): Promise<void> {
    if ((await this.#shown(sender, receiver)) === visaTime) return;
    this.#known.set(pairOf(sender, receiver), visaTime);
    await this.#store.set(pathOf(sender, receiver), encodeRecord(visaTime));
  }

  /** Empties a part of the cache, half by default. */
  reduceMemory(part?: Reduction): void {
    this.#known.reduce(part);
  }

  async #allShown(
    sender: ID,
    receivers: readonly ID[],
    visaTime: number | undefined,
  ): Promise<boolean> {
    if (visaTime === undefined) return false;
    for (const receiver of receivers) {
      if ((await this.#shown(sender, receiver)) !== visaTime) return false;
    }
    return true;
  }

  async #shown(sender: ID, receiver: ID): Promise<number | undefined> {
    const pair = pairOf(sender, receiver);
    const known = this.#known.get(pair);
    if (known !== undefined) return known;
    const bytes = await this.#store.get(pathOf(sender, receiver));
    if (bytes === undefined) return undefined;
    const time = decodeRecord(bytes, 'introduction');
    if (typeof time !== 'number') throw corruptRecord('introduction');
    this.#known.set(pair, time);
    return time;
  }
}

function pairOf(sender: ID, receiver: ID): string {
  return directionKey(sender, receiver);
}

function pathOf(sender: ID, receiver: ID): readonly string[] {
  return ['introduced', sender.entity, receiver.entity];
}
