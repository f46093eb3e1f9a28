// A bot that echoes. `npm start -- HOST PORT FOLDER` logs it in at a station, with its identity in the folder; without
// arguments it demonstrates itself at a station in this process. A wrong result ends it with status 1.
import { lmdbStore } from '@dimp/store-lmdb';
import { startBot } from './bot.ts';
import { demonstrate } from './demonstration.ts';

const [host, port = '9394', path = './echo-bot'] = process.argv.slice(2);
if (host === undefined) {
  await demonstrate();
} else {
  const store = await lmdbStore({ path });
  const { user, messenger, session } = await startBot(store, { host, port: Number(port) });
  console.log(`write to ${user.id}`);
  process.once('SIGINT', async () => {
    await session.stop();
    await messenger.close();
    await store.close();
  });
}
