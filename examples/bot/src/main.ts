// An echo bot. `npm start -- HOST PORT FOLDER` logs it in at a station, with its identity in the folder. Without arguments it
// runs a demonstration with a station in this process, and exits with status 1 if a result is wrong.
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
