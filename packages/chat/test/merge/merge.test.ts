import * as kinds from '@dimp/extensions/chat';
import { Image, Text } from '@dimp/extensions/contents';
import type { ID } from '@dimp/mkm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currentText, earlierTexts, pollResult, reactionCounts } from '../../src/merge/view.ts';
import {
  alice,
  bob,
  ConversationModel,
  carol,
  dave,
  type Entry,
  type Sent,
  START,
  sent,
  targetOf,
} from './conversation-model.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

async function after(
  items: readonly Sent[],
  options: ConstructorParameters<typeof ConversationModel>[0] = {},
): Promise<ConversationModel> {
  const model = new ConversationModel(options);
  for (const item of items) await model.take(item);
  return model;
}

function entryOf(model: ConversationModel, message: Sent): Entry {
  const entry = model.entries[targetOf(message).ref];
  if (entry === undefined) throw new Error('the message is not in the conversation');
  return entry;
}

function textIn(model: ConversationModel, message: Sent): string | undefined {
  const { message: stored, annotations } = entryOf(model, message);
  return currentText(stored, annotations)?.text;
}

const dinner = sent(alice, Text.create({ text: 'Dinner?' }), { sn: 404 });
const poll = sent(
  alice,
  kinds.Poll.create(
    kinds.pollBody({
      question: 'When?',
      options: [
        { id: 'a', text: 'Today' },
        { id: 'b', text: 'Tomorrow' },
      ],
    }),
  ),
  { sn: 405 },
);

function edit(by: ID, text: string, minutes: number, message = dinner): Sent {
  const edited = START / 1000 + minutes * 60;
  const { sn } = message.content;
  const own = { type: '1', ...targetOf(message) };
  const draft = kinds.Edit.create({ text, edited, origin: own });
  return sent(by, draft, { sn, arrived: START + minutes * MINUTE });
}

function recall(by: ID, minutes: number, message = dinner): Sent {
  const own = { type: '1', ...targetOf(message) };
  const draft = kinds.Recall.create({
    text: '_(message recalled)_',
    edited: START / 1000 + minutes * 60,
    origin: own,
  });
  return sent(by, draft, { sn: message.content.sn, arrived: START + minutes * MINUTE });
}

let serial = 1000;
function react(by: ID, emojis: readonly string[], minutes: number, message = dinner): Sent {
  serial += 1;
  const draft = kinds.Reaction.create({ target: targetOf(message), emojis });
  return sent(by, draft, { sn: serial, at: START + minutes * MINUTE });
}

function vote(by: ID, options: readonly string[], minutes: number, message = poll): Sent {
  serial += 1;
  const draft = kinds.Vote.create({ target: targetOf(message), options });
  return sent(by, draft, { sn: serial, at: START + minutes * MINUTE });
}

function other(by: ID, draft: Parameters<typeof sent>[1], minutes: number): Sent {
  serial += 1;
  return sent(by, draft, { sn: serial, at: START + minutes * MINUTE });
}

test('any permutation and repetition of annotations, some before their messages, gives one record', async () => {
  const people = [alice, bob, carol, dave];
  const messages = people
    .slice(0, 3)
    .map((by, at) => sent(by, Text.create({ text: `message ${at}` }), { sn: 500 + at }));
  const targets = [...messages, poll, dinner];
  const annotation = fc
    .tuple(
      fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 5, 5, 6, 6),
      fc.constantFrom(...people),
      fc.constantFrom(...targets),
      fc.nat(9),
      fc.constantFrom('x', 'y'),
    )
    .map(([kind, by, message, minutes, value]) => {
      const target = targetOf(message);
      const options = [value === 'x' ? 'a' : 'b'];
      const make = [
        () => edit(by, value, minutes, message),
        () => react(by, value === 'x' ? ['👍'] : [], minutes, message),
        () => vote(by, options, minutes, message),
        () => recall(by, minutes, message),
        () => other(by, kinds.Moderation.create({ target, reason: value }), minutes),
        () => other(by, kinds.PollClose.create({ target }), minutes),
        () => other(by, kinds.Pin.create({ target, on: value === 'x' }), minutes),
      ];
      return (make[kind] as () => Sent)();
    });
  // Recalls and removals end everything else, so they are rare.
  const annotations = fc.array(annotation, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      annotations,
      fc.boolean(),
      fc.array(fc.nat(34), { maxLength: 20 }),
      fc.infiniteStream(fc.nat(1_000_000)),
      async (said, group, repeated, random) => {
        const all = [...targets, ...said];
        const options = { group, moderators: [dave] };
        const expected = await after(all, options);
        const again = repeated.flatMap((at) => all.slice(at, at + 1));
        const shuffled = [...all, ...again]
          .map((item) => [random.next().value as number, item] as const)
          .sort(([a], [b]) => a - b)
          .map(([, item]) => item);
        const model = await after(shuffled, options);
        expect(model.entries).toEqual(expected.entries);
        expect(model.pending).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

test('the newest edit is shown, the earlier texts are kept, and the ref does not change', async () => {
  const model = await after([dinner, edit(alice, 'at nine', 20), edit(alice, 'at eight', 10)]);
  expect(textIn(model, dinner)).toBe('at nine');
  const { message, annotations } = entryOf(model, dinner);
  expect(earlierTexts(message, annotations)).toEqual([
    { text: 'Dinner?', until: START + 10 * MINUTE },
    { text: 'at eight', until: START + 20 * MINUTE },
  ]);
  expect(Object.keys(model.entries)).toEqual([targetOf(dinner).ref]);
});

test('of more than ten edits, the ten newest are kept', async () => {
  const edits = Array.from({ length: 14 }, (_, at) => edit(alice, `text ${at}`, at));
  const model = await after([dinner, ...edits.reverse()]);
  expect(entryOf(model, dinner).annotations.edits).toHaveLength(10);
  expect(textIn(model, dinner)).toBe('text 13');
});

test('an edit from a clock that is ahead does not stand in the way of later ones', async () => {
  const model = await after([
    dinner,
    { ...edit(alice, 'from 2100', 40_000_000), arrived: START + MINUTE },
    edit(alice, 'later', 5),
  ]);
  expect(textIn(model, dinner)).toBe('later');
});

test('an edit or recall of somebody else’s message is refused, whatever its sender writes into it', async () => {
  const model = await after([dinner, edit(bob, 'forged', 1), recall(bob, 2)]);
  expect(textIn(model, dinner)).toBe('Dinner?');
  expect(model.refused).toEqual(['policy/unauthorized', 'policy/unauthorized']);
});

test('an edit or recall more than seven days after its message is refused, also if its time is forged', async () => {
  const late = edit(alice, 'late', 8 * 24 * 60);
  const forged = { ...edit(alice, 'forged', 1), arrived: START + 16 * DAY };
  const delayed = { ...edit(alice, 'delayed', 2), arrived: START + 9 * DAY };
  const model = await after([dinner, delayed, late, forged, recall(alice, 8 * 24 * 60)]);
  expect(textIn(model, dinner)).toBe('delayed');
  expect(model.refused).toEqual(['policy/expired', 'policy/expired', 'policy/expired']);
});

test('a recall is final: what was said is deleted, and what comes later is dropped', async () => {
  const before = [edit(alice, 'secret', 1), react(bob, ['👍'], 2)];
  const later = [edit(alice, 'again', 4), react(bob, ['👎'], 5), recall(alice, 6)];
  const model = await after([dinner, ...before, recall(alice, 3), ...later]);
  const { message, annotations } = entryOf(model, dinner);
  expect(annotations).toEqual({ recalled: { by: alice.entity, time: START + 3 * MINUTE } });
  expect(currentText(message, annotations)).toBeUndefined();
});

test('a deployed client’s recall finds its message by serial number and time, or by serial number alone', async () => {
  const draft = kinds.Recall.create({
    text: '_(message recalled)_',
    origin: { type: '1', sn: 404 },
  });
  for (const at of [START, START + 1, START + DAY]) {
    const model = await after([dinner, sent(alice, draft, { sn: 404, at })]);
    expect(entryOf(model, dinner).annotations.recalled).toMatchObject({ by: alice.entity });
  }
  const twice = sent(alice, Text.create({ text: 'same number' }), { sn: 404, at: START + DAY });
  const model = await after([dinner, twice, sent(alice, draft, { sn: 404, at: START + 2 * DAY })]);
  expect(entryOf(model, dinner).annotations).toEqual({});
  expect(model.pending).toHaveLength(1);
});

test('a message of another conversation is not found', async () => {
  const here = await after([dinner]);
  const elsewhere = await after([recall(alice, 1)]);
  expect(elsewhere.pending).toHaveLength(1);
  expect(textIn(here, dinner)).toBe('Dinner?');
});

test('a second message with the ref of an earlier one does not replace it', async () => {
  const second = sent(alice, Text.create({ text: 'other' }), { sn: 404 });
  const model = await after([dinner, second]);
  expect(textIn(model, dinner)).toBe('Dinner?');
});

test('two messages of a legacy client with the same serial number and different times are both shown', async () => {
  const second = sent(alice, Text.create({ text: 'after a restart' }), {
    sn: 404,
    at: START + DAY,
  });
  const model = await after([dinner, second]);
  expect([textIn(model, dinner), textIn(model, second)]).toEqual(['Dinner?', 'after a restart']);
});

test('a user has one set of reactions, and a replayed older one has no effect', async () => {
  const old = react(bob, ['👍'], 1);
  const taken = react(bob, [], 2);
  const model = await after([dinner, old, taken, old, react(carol, ['👍', '🎉'], 3)]);
  const { annotations } = entryOf(model, dinner);
  expect(reactionCounts(annotations, bob.entity)).toEqual([
    { emoji: '👍', count: 1, mine: false, by: [carol.entity] },
    { emoji: '🎉', count: 1, mine: false, by: [carol.entity] },
  ]);
  expect(annotations.reactions).toHaveLength(2);
});

test('ten thousand reactions of one user make one register', async () => {
  const flood = Array.from({ length: 300 }, (_, at) => react(bob, ['👍'], at % 50));
  const model = await after([dinner, ...flood]);
  expect(entryOf(model, dinner).annotations.reactions).toHaveLength(1);
});

test('32 annotations wait for one message, and the rest is dropped', async () => {
  const flood = Array.from({ length: 40 }, (_, at) => react(bob, ['👍'], at));
  const model = await after(flood);
  expect(model.pending).toHaveLength(32);
});

test('an edit of a text does not change a poll or a file, and one of a caption only that of its file', async () => {
  const file = { URL: 'https://cdn.example/1', filename: 'a.jpg', key: { algorithm: 'PLAIN' } };
  const picture = sent(alice, Image.create(file), { sn: 600 });
  const caption = (URL: string) =>
    sent(
      alice,
      kinds.CaptionEdit.create({
        text: `caption of ${URL}`,
        edited: START / 1000 + 60,
        origin: { type: '18', ...targetOf(picture) },
        file: { type: '18', ...file, URL },
      }),
      { sn: 600, arrived: START + MINUTE },
    );
  const model = await after([
    poll,
    picture,
    edit(alice, 'What?', 1, poll),
    edit(alice, 'no picture', 1, picture),
    caption('https://cdn.example/2'),
    caption('https://cdn.example/1'),
  ]);
  expect(textIn(model, poll)).toBe('📊 When?\n1. Today\n2. Tomorrow');
  expect(textIn(model, picture)).toBe('caption of https://cdn.example/1');
  expect(model.refused).toEqual(Array.from({ length: 3 }, () => 'policy/unauthorized'));
});

test('moderators remove messages and pin in groups; in a conversation of two, only pins are taken', async () => {
  const target = targetOf(dinner);
  const remove = (by: ID) => other(by, kinds.Moderation.create({ target, reason: 'spam' }), 1);
  const pin = (by: ID) => other(by, kinds.Pin.create({ target, on: true }), 1);
  const options = { group: true, moderators: [dave] };
  const group = await after([dinner, remove(bob), pin(bob), pin(dave)], options);
  expect(entryOf(group, dinner).annotations).toEqual({
    pinned: { time: START + MINUTE, value: true },
  });
  await group.take(remove(dave));
  expect(entryOf(group, dinner).annotations).toEqual({
    recalled: { by: dave.entity, time: START + MINUTE, reason: 'spam' },
  });
  const person = await after([dinner, remove(bob), pin(bob)]);
  expect(entryOf(person, dinner).annotations).toHaveProperty('pinned');
  expect(textIn(person, dinner)).toBe('Dinner?');
});

test('votes count once for each voter and option, of members only, and only those before the end', async () => {
  const close = other(alice, kinds.PollClose.create({ target: targetOf(poll) }), 10);
  const model = await after([
    poll,
    vote(bob, ['a'], 1),
    vote(bob, ['b'], 2),
    vote(carol, ['a'], 3),
    vote(carol, ['b'], 11),
    vote(dave, ['b'], 4),
    vote(dave, ['a', 'b'], 5),
    vote(dave, ['c'], 6),
    other(bob, kinds.PollClose.create({ target: targetOf(poll) }), 1),
    close,
  ]);
  const { message, annotations } = entryOf(model, poll);
  const options = { me: bob.entity, now: START + 20 * MINUTE };
  expect(pollResult(message, annotations, options)).toEqual({
    question: 'When?',
    several: false,
    closed: true,
    voters: 3,
    options: [
      { id: 'a', text: 'Today', votes: 1, mine: false },
      { id: 'b', text: 'Tomorrow', votes: 2, mine: true },
    ],
  });
  const isMember = (voter: string): boolean => voter !== dave.entity;
  expect(pollResult(message, annotations, { ...options, isMember })?.voters).toBe(2);
  expect(model.refused).toEqual(['format/field', 'format/field', 'policy/unauthorized']);
});

test('a poll with an end takes no later votes', async () => {
  const until = START / 1000 + 120;
  const body = kinds.pollBody({
    question: 'Now?',
    options: [
      { id: 'a', text: 'Yes' },
      { id: 'b', text: 'No' },
    ],
    until,
  });
  const short = sent(alice, kinds.Poll.create(body), { sn: 700 });
  const model = await after([short, vote(bob, ['a'], 1, short), vote(bob, ['b'], 3, short)]);
  const { message, annotations } = entryOf(model, short);
  const at = (now: number) => pollResult(message, annotations, { me: bob.entity, now });
  expect(at(START)?.closed).toBe(false);
  expect(at(START + 3 * MINUTE)).toMatchObject({
    closed: true,
    options: [{ votes: 1 }, { votes: 0 }],
  });
});
