import type { StoreChange } from '@dimp/core';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import type {
  DeliveryEvent,
  MessengerService,
  ServiceContext,
  ServiceHost,
  ServiceMessage,
  Taken,
} from '../src/index.ts';
import type { Client } from './world.ts';

/** A history as a test sees it: a record for each message, and a counter that each of them increases. */
export interface TestHistory extends MessengerService {
  host: ServiceHost | undefined;
  /** What was on disk when the service heard of it. */
  readonly written: string[];
  readonly deliveries: DeliveryEvent[];
  readonly calls: string[];
}

const COUNTER = ['history-count'];

/** @param name - first part of its paths, so that two of them differ */
export function testHistory(options: Partial<MessengerService> = {}): TestHistory {
  const { name = 'history' } = options;
  const written: string[] = [];
  const changes = async (
    id: string,
    context: ServiceContext,
  ): Promise<{ changes: readonly StoreChange[]; written: () => void }> => {
    const key = [name, id];
    const bytes = await context.get(COUNTER);
    const count = Number(bytes === undefined ? '0' : utf8Decode(bytes)) + 1;
    return {
      changes: [
        { type: 'set', key, value: utf8Encode(String(count)) },
        { type: 'set', key: COUNTER, value: utf8Encode(String(count)) },
      ],
      written: () => written.push(id),
    };
  };
  const history: TestHistory = {
    name,
    kinds: '*',
    host: undefined,
    written,
    deliveries: [],
    calls: [],
    attach(host) {
      history.host = host;
      host.on('delivery', (event) => history.deliveries.push(event));
      history.calls.push('attach');
    },
    start() {
      history.calls.push('start');
    },
    stop() {
      history.calls.push('stop');
    },
    locks: () => ['history of all'],
    take: (message: ServiceMessage, context): Promise<Taken> => changes(message.id, context),
    sent: ({ id }, context) => changes(`sent ${id}`, context),
    ...options,
  };
  return history;
}

export async function namesUnder({ durable }: Client, area: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const [[, ...rest]] of durable.list([area])) names.push(rest.join('/'));
  return names.sort();
}

export async function counter({ durable }: Client): Promise<number> {
  const bytes = await durable.get(['history-count']);
  return bytes === undefined ? 0 : Number(utf8Decode(bytes));
}
