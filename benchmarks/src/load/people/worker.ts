// A thread that makes users and messages: signing takes long, and is done before anything is measured.
import { parentPort } from 'node:worker_threads';
import { Facebook, Messenger } from '@dimp/client';
import { isWaiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { protocol } from '../../people.ts';
import { adopt, newPersonData, type PersonData } from './person.ts';
import { type PeopleTask, receiverOf, type SenderData, type SendersTask } from './tasks.ts';

parentPort?.on('message', async (task: PeopleTask | SendersTask) => {
  parentPort?.postMessage(task.kind === 'people' ? await people(task) : await senders(task));
});

async function people({ count, messageKey }: PeopleTask): Promise<readonly PersonData[]> {
  const made: PersonData[] = [];
  while (made.length < count) made.push(await newPersonData('Ed25519', messageKey));
  return made;
}

async function senders(task: SendersTask): Promise<readonly SenderData[]> {
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const receivers = await Promise.all(
    task.receivers.map(async ({ id: text, meta, visa }) => {
      const id = protocol.parseID(text);
      await facebook.saveMeta(meta, id);
      await facebook.saveDocument(visa, id);
      return id;
    }),
  );
  const messenger = new Messenger({ facebook });
  const all: SenderData[] = [];
  for (let number = 0; number < task.count; number++) {
    const person = await newPersonData('RSA', task.messageKey);
    const [sender] = await adopt(facebook, [person], task.messageKey);
    if (sender === undefined) throw new Error('there is no sender');
    const payloads: Uint8Array[] = [];
    for (let message = 0; message < task.messages; message++) {
      const receiver = receivers[receiverOf(task.first + number, message, receivers.length)];
      if (receiver === undefined) throw new Error('there are no receivers');
      const draft = Text.create({ text: textOf(message, task.textBytes) });
      const packed = await messenger.pack(draft, receiver, { sender });
      if (isWaiting(packed))
        throw new Error('the message waits for an identity, which should be known');
      payloads.push(messenger.serialize(packed));
    }
    all.push({ person, payloads: Buffer.concat(payloads), ends: endsOf(payloads) });
  }
  await messenger[Symbol.asyncDispose]();
  return all;
}

/** Each text is another one. */
function textOf(number: number, bytes: number): string {
  return `${number}: neither long nor short, an ordinary line. `.repeat(bytes).slice(0, bytes);
}

function endsOf(payloads: readonly Uint8Array[]): Uint32Array {
  let end = 0;
  return Uint32Array.from(payloads, ({ length }) => (end += length));
}
