import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Facebook, Messenger, register } from '../../packages/client/src/index.ts';
import { StationSession } from '../../packages/client/src/session.ts';
import { createProtocol, type TransportFactory } from '../../packages/core/src/index.ts';
import { Text } from '../../packages/extensions/src/contents.ts';
import { standard } from '../../packages/extensions/src/standard.ts';
import { lmdbStore } from '../../packages/store-lmdb/src/index.ts';
import { connectTcp } from '../../packages/transport-tcp/src/index.ts';
import { connectWebSocket } from '../../packages/transport-websocket/src/index.ts';
import { quickReconnect } from '../helpers/quick-reconnect.ts';
import type { ClientOrder, ClientSetup, ClientWord } from './client-protocol.node.ts';

// A client as a program of its own. It may be killed at any moment, so each report is true when it is written.
const setup = JSON.parse(process.argv[2] ?? '{}') as ClientSetup;
const protocol = createProtocol(standard());
const store = await lmdbStore({ path: setup.store });
const facebook = new Facebook({ protocol, store });
const user =
  (await facebook.currentUser()) ??
  (await register(setup.name, { facebook, algorithm: 'Ed25519' }));
const { resendAfter: firstAfter } = setup;
const messenger = new Messenger({
  facebook,
  random: quickReconnect,
  ...(firstAfter === undefined ? {} : { resend: { firstAfter } }),
});

/** Writes a report synchronously, so that it is complete even if the program is killed right after it. */
function say(word: ClientWord): void {
  writeSync(1, `${JSON.stringify(word)}\n`);
}

messenger.on('refused', ({ error }) => say({ is: 'refused', code: error.code }));
messenger.on('failed', ({ error }) => say({ is: 'failed', what: String(error) }));
const session = new StationSession({
  messenger,
  stations: [{ connect: connector(), host: '127.0.0.1', port: setup.port }],
});
session.on('state', ({ state, error }) => {
  say({ is: 'state', state, ...(error === undefined ? {} : { code: error.code }) });
});

void (async () => {
  for await (const message of messenger.messages()) {
    const { id, content, envelope } = message;
    if (content.kind === 'text') {
      say({ is: 'shown', id, from: envelope.sender.name ?? '', text: content.body.text });
    }
    await messenger.done(message);
    say({ is: 'done', id });
  }
})();
await session.start();
say({ is: 'ready', id: user.id.text });

let turn = Promise.resolve();
createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line) as ClientOrder;
  turn = turn.then(() => obey(order));
});

async function obey(order: ClientOrder): Promise<void> {
  if (order.do === 'send') {
    const { to, texts } = order;
    const receiver = protocol.parseID(to);
    for (const text of texts) {
      await messenger.send(Text.create({ text }), receiver);
      say({ is: 'sent', text: text.slice(0, 100) });
    }
  } else if (order.do === 'deliveries') {
    const open = await messenger.deliveries();
    say({ is: 'deliveries', states: open.map(({ state }) => state) });
  }
}

function connector(): TransportFactory {
  const { port, framing, keepAlive, idleTimeout } = setup;
  const times = {
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
  };
  if (framing === 'websocket') {
    return connectWebSocket({ url: `ws://127.0.0.1:${port}/`, ...times });
  }
  return connectTcp({ host: '127.0.0.1', port, ...times });
}
