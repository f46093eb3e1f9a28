import { Text } from '@dimp/extensions/contents';
import { isProtocolError } from '@dimp/foundation';
import { seededRandom } from '@dimp/testing/network';
import { groupOf, type Person, World } from './world.ts';

const MINUTE = 60_000;

/** How a run goes. */
export interface SimulationOptions {
  readonly seed: number;
  readonly people: number;
  readonly steps: number;
}

/** What a run was like. */
export interface SimulationResult {
  readonly entries: number;
  readonly refusals: number;
  /** Names of people whose state differs from the founder's. */
  readonly differing: readonly string[];
  readonly failures: readonly unknown[];
  readonly members: number;
}

/** Errors of changes that somebody may not make, or that came too late. */
const EXPECTED = ['policy/unauthorized', 'state/not-ready', 'format/field', 'state/stopped'];

/**
 * Lets people change a group over a network that loses a third of everything, disconnects people and kills programs. Then an
 * hour without losses passes, in which people talk.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const random = seededRandom(`groups of clients ${options.seed}`);
  const world = new World();
  const names = Array.from({ length: options.people }, (_, at) => `person${at}`);
  const people = await world.join(...names);
  const [founder, ...others] = people;
  if (founder === undefined) throw new RangeError('people must be at least 1');
  const half = others.slice(0, Math.ceil(others.length / 2));
  const group = await founder.groups.create(`run${options.seed}`, {
    members: half.map(({ id }) => id),
  });
  await world.carry();
  await group.appoint(half.slice(0, 3).map(({ id }) => id));
  await world.carry();

  let refusals = 0;
  const attempt = async (change: () => Promise<unknown>): Promise<void> => {
    try {
      await change();
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      const isOurs = error.code.startsWith('store/') || EXPECTED.includes(error.code);
      if (!isOurs) throw error;
      refusals += 1;
    }
  };

  world.loses = () => random.chance(1 / 3);
  for (let step = 0; step < options.steps; step += 1) {
    // Half of all steps by somebody who may change something.
    const { members } = await groupOf(founder, group).state();
    const staff = people.filter(({ id }) =>
      members.some((each) => each.id === id.entity && each.role !== 'member'),
    );
    const person = random.pick(random.chance(0.5) ? staff : people);
    const other = random.pick(others);
    const own = groupOf(person, group);
    const dice = random.next();
    await attempt(async () => {
      if (dice < 0.25) await own.invite([other.id]);
      else if (dice < 0.45) await own.remove([other.id]);
      else if (dice < 0.55 && person !== founder) await own.leave();
      else if (dice < 0.65) await groupOf(founder, group).appoint([other.id]);
      else if (dice < 0.7)
        await groupOf(founder, group).dismiss([other.id], { undo: random.chance(0.5) });
      else if (dice < 0.8) await approveOne(own);
      else await person.messenger.send(Text.create({ text: `step ${step}` }), group.id);
    });
    if (random.chance(0.1)) person.online = !person.online;
    if (random.chance(0.05)) await world.restart(person);
    await world.live(random.integer(20_000) + 1, 10_000);
  }

  world.loses = () => false;
  for (const each of people) each.online = true;
  await world.live(20 * MINUTE, MINUTE);
  for (let round = 0; round < 3; round += 1) {
    for (const person of people) {
      await attempt(() => person.messenger.send(Text.create({ text: 'quiet' }), group.id));
    }
    await world.live(15 * MINUTE, MINUTE);
  }
  return report(founder, people, group, refusals);
}

async function approveOne(group: ReturnType<typeof groupOf>): Promise<void> {
  const [first] = (await group.state()).proposals;
  if (first !== undefined) await group.approve(first.name);
}

async function report(
  founder: Person,
  people: readonly Person[],
  group: ReturnType<typeof groupOf>,
  refusals: number,
): Promise<SimulationResult> {
  const truth = await groupOf(founder, group).state();
  const differing: string[] = [];
  for (const person of people) {
    const isMember = truth.members.some(({ id }) => id === person.id.entity);
    const state = await groupOf(person, group).state();
    // Who is no member gets nothing any more.
    if (isMember && state.digest !== truth.digest) differing.push(person.name);
    if (!isMember && state.standing === 'active') differing.push(person.name);
  }
  let entries = 0;
  for await (const _ of groupOf(founder, group).history()) entries += 1;
  const failures = people.flatMap(({ failed }) => failed);
  return { entries, refusals, differing, failures, members: truth.members.length };
}
