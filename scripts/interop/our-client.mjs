// Our client at the reference station, with the reference client as the other user.
import { Facebook, Messenger, register } from '../../packages/client/dist/index.js';
import { StationSession } from '../../packages/client/dist/session.js';
import { createProtocol } from '../../packages/core/dist/index.js';
import { memoryStore } from '../../packages/core/dist/memory.js';
import { Text } from '../../packages/extensions/dist/contents.js';
import { standard } from '../../packages/extensions/dist/standard.js';
import { connectTcp } from '../../packages/transport-tcp/dist/index.js';
import { connectWebSocket } from '../../packages/transport-websocket/dist/index.js';
import { ReferenceClient, rigctl } from './reference.mjs';
import { eventually } from './steps.mjs';

const host = '127.0.0.1';
const protocol = createProtocol(standard());

/** One of ours: a store that outlives its programs, and the program of now. */
class Person {
  /** @type {{ text: string, sender: string }[]} */
  shown = [];
  #store = memoryStore();
  /** @type {import('../../packages/mkm/dist/index.js').ID | undefined} */
  id;

  async register() {
    const facebook = new Facebook({ protocol, store: this.#store });
    // Like clients of the deployed network: ECC and an ETH address (§6.3).
    const user = await register('moki', { facebook, algorithm: 'ECC', metaType: '4' });
    this.id = user.id;
  }

  /**
   * @param {'mtp' | 'ws'} framing
   * @param {number} port
   */
  async open(framing, port) {
    const facebook = new Facebook({ protocol, store: this.#store });
    const messenger = new Messenger({ facebook });
    messenger.handle(Text, ({ envelope, content }) => {
      this.shown.push({ text: content.body.text, sender: envelope.sender.text });
    });
    const connect =
      framing === 'mtp'
        ? connectTcp({ host, port })
        : connectWebSocket({ url: `ws://${host}:${port}/` });
    const session = new StationSession({ messenger, stations: [{ connect, host, port }] });
    await session.start();
    const close = async () => {
      await session.stop();
      await messenger[Symbol.asyncDispose]();
    };
    return { messenger, session, close };
  }

  /** @param {string} text */
  sees(text) {
    return eventually(() => this.shown.find((each) => each.text === text), 40_000);
  }
}

/**
 * @param {import('./steps.mjs').Steps} steps
 * @param {'mtp' | 'ws'} framing
 * @param {Record<string, string>} rig
 */
export async function ourClient(steps, framing, rig) {
  const port = Number(rig['DIM_PORT']);
  /** @param {string} name */
  const named = (name) => `our client, reference station, ${framing}: ${name}`;
  const moki = new Person();
  await moki.register();
  const id = moki.id;
  if (id === undefined) throw new Error('there is no user on this machine');
  const { parseID } = protocol;
  let program = await moki.open(framing, port);
  const hulk = new ReferenceClient('B', port, rig);
  try {
    await steps.run(
      named('logs in'),
      async () => {
        await program.session.online(AbortSignal.timeout(40_000));
        return program.session.report.station?.id?.text ?? '';
      },
      String,
    );
    const ready = await steps.run(named('the reference client logs in'), () => hulk.wait('ready'));
    const his = parseID(String(ready?.['me']));
    await steps.run(
      named('a text to it, who is not known yet, is shown and confirmed'),
      async () => {
        const delivery = await program.messenger.send(Text.create({ text: 'hello from us' }), his);
        await hulk.wait(
          'text',
          ({ text, sender }) => text === 'hello from us' && sender === id.text,
        );
        await delivery.reached('received', AbortSignal.timeout(40_000));
      },
    );
    await steps.run(named('its text is shown, and it is told so'), async () => {
      hulk.tell('send', { to: id.text, text: 'hello from the reference' });
      const { sender } = await moki.sees('hello from the reference');
      if (sender !== his.text) throw new Error('wrong sender');
      await hulk.wait(
        'receipt',
        ({ text, sender: from }) => text === 'Message received.' && from === id.text,
      );
    });
    const long = '中文 😀 "\\" line\n'.repeat(4000);
    await steps.run(named('64 KB of everything, both ways'), async () => {
      await program.messenger.send(Text.create({ text: long }), his);
      await hulk.wait('text', ({ text }) => text === long);
      hulk.tell('send', { to: id.text, text: `${long}.` });
      await moki.sees(`${long}.`);
    });
    await steps.run(
      named('texts from while it was away are shown once, by a new program'),
      async () => {
        await program.close();
        const texts = ['while away 1', 'while away 2', 'while away 3'];
        for (const text of texts) {
          hulk.tell('send', { to: id.text, text });
          // The reference station may deliver texts of the same second in any order.
          await new Promise((resolve) => setTimeout(resolve, 1200));
        }
        program = await moki.open(framing, port);
        for (const text of texts) await moki.sees(text);
        await new Promise((resolve) => setTimeout(resolve, 2000));
        for (const text of texts) {
          const count = moki.shown.filter((each) => each.text === text).length;
          if (count !== 1) throw new Error(`shown ${count} times`);
        }
      },
    );
    await steps.run(named('comes back by itself when the station is restarted'), async () => {
      const { ok, output } = await rigctl(['restart'], rig);
      if (!ok) throw new Error(output);
      await eventually(() => program.session.report.state !== 'online', 30_000).catch(
        () => undefined,
      );
      await program.session.online(AbortSignal.timeout(60_000));
      const delivery = await program.messenger.send(
        Text.create({ text: 'after the restart' }),
        his,
      );
      await hulk.wait('text', ({ text }) => text === 'after the restart');
      await delivery.reached('received', AbortSignal.timeout(40_000));
    });
  } finally {
    await hulk.quit();
    await program.close();
  }
}
