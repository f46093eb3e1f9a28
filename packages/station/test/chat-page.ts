import { Facebook, Messenger, register } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { createProtocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import { connectWebSocket } from '@dimp/transport-websocket';

/**
 * A page that chats with itself over a real station, in the browser that opens it: `scripts/test-browsers.mjs` starts both
 * and hears here how it went.
 */
const protocol = createProtocol(standard());
const PATIENCE = 60_000;

/** A user who has just registered, and is online. */
async function person(name: string, algorithm: 'RSA' | 'ECC') {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const user = await register(name, { facebook, algorithm });
  const messenger = new Messenger({ facebook });
  const port = Number(new URLSearchParams(location.search).get('station'));
  const connect = connectWebSocket({ url: `ws://127.0.0.1:${port}/` });
  const stations = [{ connect, host: '127.0.0.1', port }];
  const session = new StationSession({ messenger, stations, user: user.id });
  await session.start();
  await session.online(AbortSignal.timeout(PATIENCE));
  const close = async (): Promise<void> => {
    await session.stop();
    await messenger.close();
    await facebook.close();
  };
  return { user, messenger, close };
}

async function chat(): Promise<string> {
  const [moki, hulk] = [await person('moki', 'RSA'), await person('hulk', 'ECC')];
  hulk.messenger.handle(Text, ({ content }) => Text.create({ text: `${content.body.text}? Yes.` }));
  const delivery = await moki.messenger.send(Text.create({ text: 'Are you there' }), hulk.user.id);
  await delivery.reached('received', AbortSignal.timeout(PATIENCE));
  let heard = '';
  for await (const { content } of moki.messenger.messages({
    signal: AbortSignal.timeout(PATIENCE),
  })) {
    if (content.kind !== 'text') continue;
    heard = content.body.text;
    break;
  }
  await moki.close();
  await hulk.close();
  if (heard !== 'Are you there? Yes.') throw new Error(`moki heard "${heard}"`);
  const symbol = 'dispose' in Symbol ? 'with' : 'without';
  return `${navigator.userAgent}, ${symbol} Symbol.dispose`;
}

const tell = (outcome: object): Promise<Response> =>
  fetch('/outcome', { method: 'POST', body: JSON.stringify(outcome) });
chat().then(
  (browser) => tell({ ok: true, text: browser }),
  (error: unknown) =>
    tell({ ok: false, text: error instanceof Error ? `${error}\n${error.stack}` : String(error) }),
);
