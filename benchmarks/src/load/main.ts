// Load on a station and on comparable servers on this machine. Prints one line of JSON for each step, and a table at the end.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Course, idle, type Measured } from './measure.ts';
import { Cast } from './people/cast.ts';
import { readPlan } from './plan.ts';
import { type Figures, idleLineOf, lineOf, maximumOf, rateOf, tableOf } from './report.ts';
import { type Candidate, candidates, find } from './targets/all.ts';
import type { Place } from './targets/target.ts';

const processors = availableParallelism();
const plan = readPlan(process.argv.slice(2));
const folder = await mkdtemp(join(tmpdir(), 'dim-load-'));
try {
  await main();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  note('making users and messages');
  const cast = await Cast.assemble(plan);
  const processor = (await pinned()) ? 0 : undefined;
  const { here, missing } = await candidates(plan, cast);
  const { senders, receivers } = plan;
  print({
    name: 'load/setting',
    machine: cpus()[0]?.model,
    processors,
    node: process.versions.node,
    loadAverage: loadavg()[0],
    serverProcessor: processor,
    senders,
    receivers,
    payloadBytes: cast.payloadBytes,
    missing,
  });
  const all = await throughput(here, cast, processor);
  for (const candidate of here) await memory(candidate, all, processor);
  console.log(`\n${tableOf([...all.values()], 'relay')}`);
  for (const { name, problem } of all.values()) {
    if (problem === undefined) continue;
    console.error(`${name}: ${problem}`);
    process.exitCode = 1;
  }
}

/** All servers run at the same time and their rounds alternate, so that a slow moment of the machine affects all of them. */
async function throughput(
  here: readonly Candidate[],
  cast: Cast,
  processor: number | undefined,
): Promise<Map<string, Figures>> {
  const all = new Map<string, Figures>();
  const courses = new Map<string, Course>();
  try {
    for (const candidate of here) {
      const { name } = candidate;
      note(`starting ${name}`);
      const figures: Figures = { name, rounds: [] };
      all.set(name, figures);
      await guarded(figures, async () => {
        const target = await candidate.start({ ...(await place(name)), processor });
        try {
          courses.set(name, await Course.open(target, cast));
        } catch (error) {
          await target[Symbol.asyncDispose]();
          throw error;
        }
      });
    }
    const each = async (work: (figures: Figures, course: Course) => Promise<void>) => {
      for (const [name, course] of courses) {
        const figures = all.get(name);
        if (figures === undefined || figures.problem !== undefined) continue;
        await guarded(figures, () => work(figures, course));
      }
    };
    const speeds = new Map<string, number>();
    await each(async (figures, course) => {
      const count = Math.ceil(plan.messages / plan.senders);
      const warming = await course.run({ kind: 'window', size: plan.window }, count);
      speeds.set(figures.name, rateOf(warming));
      tell(figures, 'warming', warming);
    });
    for (let round = 1; round <= plan.rounds; round++) {
      await each(async (figures, course) => {
        const count = perSender(speeds.get(figures.name), course);
        const measured = await course.run({ kind: 'window', size: plan.window }, count);
        figures.rounds.push(measured);
        speeds.set(figures.name, rateOf(measured));
        tell(figures, `round ${round}`, measured);
      });
    }
    await each(async (figures, course) => {
      const perSecond = Math.max(1, Math.floor(maximumOf(figures) / 2));
      const timely = Math.ceil((perSecond * plan.seconds) / plan.senders);
      const count = Math.min(timely, perSender(perSecond, course));
      figures.half = { ...(await course.run({ kind: 'even', perSecond }, count)), perSecond };
      tell(figures, 'half load', figures.half);
    });
    await each(async (figures, course) => {
      if (!course.target.keeps) return;
      const { stored, drained } = await course.offline(
        Math.ceil(plan.messages / plan.senders),
        plan.window,
      );
      figures.stored = stored;
      figures.drained = drained;
      tell(figures, 'stored', stored);
      tell(figures, 'drained', drained);
    });
  } finally {
    for (const course of courses.values()) {
      course.close();
      await course.target[Symbol.asyncDispose]();
    }
  }
  return all;
}

/** Measures a fresh server, none of whose memory is free already. */
async function memory(
  candidate: Candidate,
  all: ReadonlyMap<string, Figures>,
  processor: number | undefined,
): Promise<void> {
  const figures = all.get(candidate.name);
  if (figures === undefined || figures.problem !== undefined) return;
  note(`idle connections of ${candidate.name}`);
  await guarded(figures, async () => {
    const target = await candidate.start({
      ...(await place(`${candidate.name}-idle`)),
      processor,
    });
    try {
      figures.idle = await idle(target, plan);
      console.log(idleLineOf(candidate.name, figures.idle));
    } finally {
      await target[Symbol.asyncDispose]();
    }
  });
}

/** How many messages each sender sends: for the planned time, or all there are if none may be sent twice. */
function perSender(speed = 0, course?: Course): number {
  const timely = course?.target.unique === false ? speed * plan.seconds : plan.messages;
  return Math.ceil(Math.max(timely, plan.messages / 4) / plan.senders);
}

/** Reserves the first processor for the servers. @returns whether this machine can do that */
async function pinned(): Promise<boolean> {
  if (processors < 2 || (await find('taskset')) === undefined) return false;
  execFileSync('taskset', ['-a', '-c', '-p', '1', String(process.pid)], { stdio: 'ignore' });
  return true;
}

async function place(name: string): Promise<Omit<Place, 'processor'>> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  if (plan.profile === undefined) return { folder: path, nodeArgs: [] };
  return { folder: path, nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${join(plan.profile, name)}`] };
}

/** Records an error of one server, so that the figures of the others are kept. */
async function guarded(figures: Figures, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    figures.problem = error instanceof Error ? `${error.message} ${error.cause ?? ''}` : 'failed';
  }
}

function tell({ name }: Figures, step: string, measured: Measured): void {
  console.log(lineOf(name, step, measured));
}

function print(line: object): void {
  console.log(JSON.stringify(line));
}

function note(text: string): void {
  console.error(`… ${text}`);
}
