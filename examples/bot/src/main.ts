// A bot. `npm start -- HOST PORT FOLDER` logs it in at a station, with its identity in the folder. Without arguments it runs a
// demonstration on a simulated network, and exits with status 1 if an answer is wrong.
import { openClient } from '@dimp/chat/client';
import { chat } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { lmdbStore } from '@dimp/store-lmdb';
import { connectTcp } from '@dimp/transport-tcp';
import { makeBot } from './bot.ts';
import { demonstrate } from './demonstration.ts';

const [host, port = '9394', path = './robot'] = process.argv.slice(2);
if (host === undefined) {
  await demonstrate();
} else {
  const store = await lmdbStore({ path });
  const address = { host, port: Number(port) };
  const client = await openClient({
    store,
    extensions: [standard(), chat()],
    stations: [{ connect: connectTcp(address), ...address }],
    user: 'robot',
    // A public bot sends receipts to all peers, including strangers with older programs.
    messenger: { receipts: 'everybody' },
  });
  client.session.subscribe(({ state, error }) => console.log(state, error ?? ''));
  console.log(`write to ${(await client.me.ready).id}`);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  await makeBot(client).run({ signal: stop.signal });
  await client.close();
  await store.close();
}
