import { Text } from '@dimp/extensions/contents';
import { indexedDbStore } from '@dimp/store-indexeddb';
import { Facebook, Messenger } from '../src/index.ts';
import { protocol } from './people.ts';

/** What a tab is told to do. */
export type TabTask =
  | { readonly kind: 'open'; readonly name: string; readonly screen: boolean }
  | { readonly kind: 'send'; readonly words: string; readonly to: string }
  | { readonly kind: 'deliver'; readonly bytes: Uint8Array }
  | { readonly kind: 'close' };

/** What a tab tells. */
export type TabReport =
  | { readonly kind: 'open' | 'leading' | 'closed' }
  | { readonly kind: 'packet'; readonly bytes: Uint8Array; readonly to: string }
  | { readonly kind: 'shown' | 'acknowledged' | 'error'; readonly words: string }
  | { readonly kind: 'state'; readonly words: string; readonly state: string };

const report = (what: TabReport): void => postMessage(what);

let messenger: Messenger<typeof protocol> | undefined;

async function open(name: string, screen: boolean): Promise<void> {
  const store = await indexedDbStore({ name });
  messenger = new Messenger({
    facebook: new Facebook({ protocol, store }),
    resend: { firstAfter: 200, atMostEvery: 500 },
    sendPackage: async (bytes, to) => report({ kind: 'packet', bytes, to: to.text }),
  });
  messenger.on('leading', () => report({ kind: 'leading' }));
  messenger.on('failed', ({ error }) => report({ kind: 'error', words: String(error) }));
  if (screen) {
    messenger.handle(Text, ({ content }) => report({ kind: 'shown', words: content.body.text }));
  }
  await messenger.start();
  report({ kind: 'open' });
}

/** Another tab: what a page and its workers share of a store is what two tabs share. */
async function perform(task: TabTask): Promise<void> {
  if (task.kind === 'open') return open(task.name, task.screen);
  if (messenger === undefined) throw new Error('not open');
  switch (task.kind) {
    case 'send': {
      const { words } = task;
      const draft = Text.create({ text: words });
      const delivery = await messenger.send(draft, protocol.parseID(task.to));
      report({ kind: 'acknowledged', words });
      delivery.on('state', ({ state }) => report({ kind: 'state', words, state }));
      return;
    }
    case 'deliver':
      for (const bytes of await messenger.receivedPackage(task.bytes)) {
        const { receiver } = protocol.parseMessage(bytes).envelope;
        report({ kind: 'packet', bytes, to: receiver.text });
      }
      return;
    case 'close':
      await messenger.close();
      report({ kind: 'closed' });
  }
}

addEventListener('message', ({ data }: MessageEvent<TabTask>) => {
  perform(data).catch((error: unknown) => report({ kind: 'error', words: String(error) }));
});
