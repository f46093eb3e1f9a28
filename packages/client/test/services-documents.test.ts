import { isWaiting } from '@dimp/core';
import { DocumentsCommand } from '@dimp/dkd/commands';
import { createGroup } from '@dimp/endpoint';
import { Forward } from '@dimp/extensions/contents';
import { Quit } from '@dimp/extensions/groups';
import type { JsonObject } from '@dimp/foundation';
import { ANYONE, type ID } from '@dimp/mkm';
import { expect, test } from 'vitest';
import type { MessengerService } from '../src/index.ts';
import { type Client, twoPeers } from './world.ts';

/** A group of a client, and a command about it that anybody can read. */
async function published({ facebook, messenger, id }: Client) {
  const group = await createGroup('evident', { facebook, founder: id, members: [] });
  const content = facebook.protocol.contents.stamp(Quit.create({}, { group: group.id }), {
    time: facebook.clock.now() / 1000,
  });
  const envelope = { sender: id, receiver: ANYONE, time: content.time ?? 0 };
  const secure = await messenger.transceiver.encrypt({ envelope, content });
  if (isWaiting(secure)) expect.unreachable();
  const { wire } = await messenger.transceiver.sign(secure);
  return { group, wire };
}

test('a service gets the signed message of evidence as it was sent, to pass it on', async () => {
  const taken: (JsonObject | undefined)[] = [];
  const service: MessengerService = {
    name: 's',
    kinds: ['quit'],
    evidence: ({ broadcast }) => broadcast,
    take: ({ signed, isEvidence }) => {
      taken.push(isEvidence ? signed?.wire : undefined);
      return { passOn: false };
    },
  };
  const { world, moki, hulk } = await twoPeers({ services: [service] });
  const { wire } = await published(moki);
  await moki.messenger.send(Forward.create({ messages: [wire] }), hulk.id);
  await world.carry();
  expect(taken).toEqual([wire]);
});

test('documents that were not requested are stored if a service wants them from this sender', async () => {
  const asked: (readonly [ID, ID])[] = [];
  const answers: (boolean | Error)[] = [true, new Error('broken'), false];
  const service: MessengerService = {
    name: 's',
    kinds: ['quit'],
    wants: (entity, sender) => {
      asked.push([entity, sender]);
      const answer = answers.pop();
      if (answer instanceof Error) throw answer;
      return answer ?? false;
    },
  };
  const { world, moki, hulk } = await twoPeers({ services: [service] });
  const { group } = await published(moki);
  const meta = await moki.facebook.meta(group.id);
  const document = await moki.facebook.document(group.id);
  if (meta === undefined || document === undefined) expect.unreachable();
  const body = { did: group.id, meta: meta.wire, documents: [document.wire] };
  const known: boolean[] = [];
  for (let times = 0; times < 3; times += 1) {
    await moki.messenger.send(DocumentsCommand.create(body), hulk.id);
    await world.carry();
    known.push((await hulk.facebook.document(group.id)) !== undefined);
  }
  expect(known).toEqual([false, false, true]);
  expect(asked[0]?.map(({ entity }) => entity)).toEqual([group.id.entity, moki.id.entity]);
  expect(hulk.failed).toHaveLength(1);
});
