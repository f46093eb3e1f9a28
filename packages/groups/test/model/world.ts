import type { EntityKey } from '@dimp/mkm';
import type { SeededRandom } from '@dimp/testing/network';
import { seededRandom } from '@dimp/testing/network';
import {
  type CheckpointChanges,
  firstCheckpoint,
  type NewCheckpoint,
  nextCheckpoint,
  nextTime,
} from '../../src/model/checkpoint.ts';
import { type Act, type BulletinFacts, type Entry, isEntryOf } from '../../src/model/entry.ts';
import { type Resolution, resolve } from '../../src/model/resolve.ts';
import { key, owner } from './cases.ts';

/** Time of the founding, in milliseconds. */
const START = 1_700_000_000_000;
const USERS = Array.from({ length: 10 }, (_, at) => key(`user${at}`));
const ADMINS = [key('admin0'), key('admin1'), key('admin2')];

/** How a run goes. */
export interface WorldOptions {
  readonly seed: number;
  readonly steps: number;
  /** An administrator, and in a third of the runs the founder's second device, uses a deployed client. */
  readonly deployed?: boolean;
}

/** What a run was like. */
export interface Run {
  readonly entries: number;
  readonly lists: number;
  readonly problems: readonly string[];
}

/** A device with its part of the entries. */
class Device {
  readonly user: EntityKey;
  readonly isDeployed: boolean;
  readonly entries = new Map<string, Entry>();
  bulletin: BulletinFacts = { time: START, administrators: [] };
  partition = 0;
  /** What a deployed client shows: the newest list, less who has quit. */
  shown: { readonly time: number; readonly members: readonly EntityKey[] } = {
    time: 0,
    members: [],
  };
  #known: Resolution | undefined;

  constructor(user: EntityKey, isDeployed: boolean) {
    this.user = user;
    this.isDeployed = isDeployed;
  }

  take(entry: Entry): void {
    if (this.entries.has(entry.name)) return;
    this.entries.set(entry.name, entry);
    this.#known = undefined;
    if (!this.isDeployed) return;
    if (isEntryOf(entry, 'list') && entry.act.state === undefined) {
      const isStaff = entry.issuer === owner || this.bulletin.administrators.includes(entry.issuer);
      if (isStaff) this.replace(entry.time, entry.act.members);
    }
    if (isEntryOf(entry, 'quit')) {
      const members = this.shown.members.filter((each) => each !== entry.issuer);
      this.shown = { ...this.shown, members };
    }
  }

  /** A list of all members, or a projection of one. */
  replace(time: number, members: readonly EntityKey[]): void {
    if (time >= this.shown.time) this.shown = { time, members };
  }

  publish(bulletin: BulletinFacts): void {
    if (bulletin.time <= this.bulletin.time) return;
    this.bulletin = bulletin;
    this.#known = undefined;
  }

  get state(): Resolution {
    this.#known ??= resolve(owner, this.bulletin, this.entries.values());
    if (this.#known === undefined) throw new Error('the state must be known');
    return this.#known;
  }
}

/** Devices that change one group over a bad network. */
class World {
  readonly random: SeededRandom;
  readonly devices: readonly Device[];
  readonly all: Entry[] = [];
  readonly problems: string[] = [];
  now = START;
  #loss: number;
  #kept: Entry[] = [];

  constructor({ seed, deployed = false }: WorldOptions) {
    this.random = seededRandom(`groups ${seed}`);
    this.#loss = this.random.between(0.2, 0.6);
    const founderToo = deployed && this.random.chance(1 / 3);
    this.devices = [
      new Device(owner, false),
      new Device(owner, founderToo),
      ...ADMINS.map((each, at) => new Device(each, deployed && at === 0)),
      ...USERS.map((each) => new Device(each, false)),
    ];
    const bulletin = { time: START, administrators: ADMINS };
    const founded = firstCheckpoint(owner, [...ADMINS, ...USERS.slice(0, 6)], { time: START });
    const administrators = new Map(ADMINS.map((each) => [each, START]));
    const first = this.#entry(
      owner,
      START,
      checkpointAct({ ...founded, state: { ...founded.state, administrators } }),
    );
    for (const each of this.devices) {
      each.bulletin = bulletin;
      each.take(first);
      each.replace(START, founded.members);
    }
  }

  step(): void {
    this.now += this.random.integer(20_000) + 1;
    if (this.random.chance(0.1)) {
      for (const each of this.devices) each.partition = this.random.integer(3);
    }
    const device = this.random.pick(this.devices);
    if (device.isDeployed) this.#deployedStep(device);
    else if (device.user === owner) this.#ownerStep(device);
    else if (ADMINS.includes(device.user)) this.#adminStep(device);
    else this.#userStep(device);
  }

  /** All devices get everything, in any order and more than once. */
  exchange(): void {
    const bulletin = newest(this.devices.map((each) => each.bulletin));
    for (const each of this.devices) {
      each.publish(bulletin);
      const order = this.#shuffled([...this.all, ...this.#shuffled(this.all).slice(0, 20)]);
      for (const entry of order) each.take(entry);
    }
    this.#kept = [];
  }

  /** Signs and sends what a device says. */
  issue(device: Device, act: Act, time = this.#time(device)): Entry {
    const entry = this.#entry(device.user, time, act);
    device.take(entry);
    if (this.random.chance(0.05)) this.#kept.push(entry);
    else this.#send(device, (other) => other.take(entry));
    return entry;
  }

  checkpoint(device: Device): void {
    const { members } = device.state;
    const made = this.#nextCheckpoint(device, {});
    this.issue(device, checkpointAct(made), made.time);
    this.#expectMembers(device, members);
  }

  #nextCheckpoint(device: Device, changes: CheckpointChanges): NewCheckpoint {
    const { bulletin } = device;
    const entries = [...device.entries.values()];
    const made = nextCheckpoint({ founder: owner, bulletin, entries, now: this.now }, changes);
    if (made === undefined) throw new Error('a checkpoint must be possible');
    return made;
  }

  #expectMembers({ state }: Device, members: readonly EntityKey[]): void {
    if (!sameMembers(members, state.members)) {
      this.problems.push('a checkpoint changed the members');
    }
  }

  #ownerStep(device: Device): void {
    const { administrators } = device.state;
    const dice = this.random.next();
    if (dice < 0.25) this.#add(device);
    else if (dice < 0.45) this.#remove(device);
    else if (dice < 0.7) this.checkpoint(device);
    else if (dice < 0.85)
      this.#appoint(device, [...administrators.keys(), this.random.pick(device.state.members)]);
    else {
      const out = this.random.pick(ADMINS);
      const undo = this.random.chance(0.5);
      const reject = device.state.live
        .filter(({ issuer }) => issuer === out)
        .map(({ name }) => name);
      const stay = [...administrators.keys()].filter((each) => each !== out);
      this.#appoint(device, stay, undo ? new Set(reject) : undefined);
    }
  }

  #appoint(device: Device, wanted: readonly EntityKey[], reject?: ReadonlySet<string>): void {
    const administrators = [...new Set(wanted)].filter((each) => each !== owner);
    const bulletin = { time: this.#time(device), administrators };
    const made = this.#nextCheckpoint(device, {
      administrators,
      since: bulletin.time,
      ...(reject === undefined ? {} : { reject }),
    });
    const { members } = device.state;
    device.publish(bulletin);
    this.#send(device, (other) => other.publish(bulletin));
    this.issue(device, checkpointAct(made), made.time);
    if (reject === undefined) this.#expectMembers(device, members);
  }

  #adminStep(device: Device): void {
    const dice = this.random.next();
    const { proposals } = device.state;
    if (dice < 0.4) this.#add(device);
    else if (dice < 0.75) this.#remove(device);
    else if (dice < 0.85 && proposals.length > 0) this.#answer(device);
    else if (dice < 0.9) this.issue(device, { kind: 'resign' });
    else if (dice < 0.95) this.issue(device, { kind: 'quit' });
    else this.issue(device, this.#addition(device), this.now - this.random.integer(400_000));
  }

  #userStep(device: Device): void {
    const isMember = device.state.members.includes(device.user);
    const dice = this.random.next();
    if (dice < 0.4) this.issue(device, isMember ? { kind: 'quit' } : { kind: 'join' });
    else if (dice < 0.8) this.issue(device, { kind: 'invite', members: [this.random.pick(USERS)] });
    else if (dice < 0.9) this.issue(device, { kind: 'remove', members: [this.random.pick(USERS)] });
    else this.issue(device, this.#addition(device));
  }

  /** A deployed client changes the list that it shows, and replaces that of everybody. */
  #deployedStep(device: Device): void {
    const isStaff = device.user === owner || device.bulletin.administrators.includes(device.user);
    if (!isStaff || !device.shown.members.includes(device.user)) return;
    const user = this.random.pick(USERS);
    const others = device.shown.members.filter((each) => each !== user);
    const members = this.random.chance(0.5) ? [...others, user] : others;
    const time = Math.max(this.now, device.shown.time);
    this.issue(device, { kind: 'list', members }, time);
  }

  #add(device: Device): void {
    this.issue(device, this.#addition(device));
    this.#project(device);
  }

  #remove(device: Device): void {
    this.issue(device, { kind: 'remove', members: [this.random.pick([...USERS, ...ADMINS])] });
    this.#project(device);
  }

  #answer(device: Device): void {
    const proposal = this.random.pick(device.state.proposals);
    const { name } = proposal.entry;
    if (this.random.chance(0.5)) this.issue(device, { kind: 'review', declines: [name] });
    else this.issue(device, { ...this.#addition(device, proposal.users), answers: [name] });
  }

  #addition(device: Device, members: readonly EntityKey[] = [this.random.pick(USERS)]) {
    const { removals } = device.state;
    const over = new Map(members.map((each) => [each, removals.get(each) ?? []] as const));
    return { kind: 'add' as const, members, over, answers: [] as readonly string[] };
  }

  /** Tells deployed clients the present list. */
  #project(device: Device): void {
    this.#send(device, (other) => {
      if (other.isDeployed) other.replace(this.#time(device), device.state.members);
    });
  }

  #send(from: Device, give: (to: Device) => void): void {
    for (const each of this.devices) {
      if (each === from || each.partition !== from.partition) continue;
      if (!this.random.chance(this.#loss)) give(each);
    }
  }

  #time(device: Device): number {
    return nextTime(device.entries.values(), this.now);
  }

  #entry(issuer: EntityKey, time: number, act: Act): Entry {
    const name = [...this.random.bytes(22)].map((byte) => NAME[byte % 64]).join('');
    const entry: Entry = { name, issuer, time, act };
    this.all.push(entry);
    return entry;
  }

  #shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let at = copy.length - 1; at > 0; at -= 1) {
      const other = this.random.integer(at + 1);
      const one = copy[at] as T;
      copy[at] = copy[other] as T;
      copy[other] = one;
    }
    return copy;
  }
}

const NAME = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function checkpointAct({ members, state }: NewCheckpoint): Act {
  return { kind: 'list', members, state };
}

function newest(bulletins: readonly BulletinFacts[]): BulletinFacts {
  return bulletins.reduce((a, b) => (b.time > a.time ? b : a));
}

function sameMembers(a: readonly EntityKey[], b: readonly EntityKey[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

/** What two members must agree on, as text. */
function essence(state: Resolution): string {
  const { members, administrators, proposals, digest, policy, checkpoint } = state;
  const names = proposals.map(({ entry, users }) => [entry.name, users]);
  return JSON.stringify([members, [...administrators], names, digest, policy, checkpoint.name]);
}

/** Runs devices over a bad network, lets them exchange everything, and compares them. */
export function run(options: WorldOptions): Run {
  const world = new World(options);
  for (let step = 0; step < options.steps; step += 1) world.step();
  world.exchange();
  const { problems, devices, all } = world;
  const [phone] = devices;
  if (phone === undefined) throw new Error('there must be devices');
  const state = phone.state;
  if (devices.some((each) => essence(each.state) !== essence(state))) {
    problems.push('two devices differ');
  }
  checkNewcomer(state, phone, all, problems);
  for (const each of state.members) {
    if (each !== owner && isRemoved(state, each)) problems.push('a removed user is a member');
  }
  world.checkpoint(phone);
  world.exchange();
  if (devices.some((each) => essence(each.state) !== essence(phone.state))) {
    problems.push('two devices differ after a checkpoint');
  }
  repair(phone, devices, world.now + 1_000_000, problems);
  const lists = all.filter((each) => isEntryOf(each, 'list') && each.act.state === undefined);
  return { entries: all.length, lists: lists.length, problems };
}

/** A newcomer gets the checkpoint and the live entries; then somebody shows them the whole past. */
function checkNewcomer(
  state: Resolution,
  { bulletin }: Device,
  all: readonly Entry[],
  problems: string[],
): void {
  const bundle = [state.checkpoint, ...state.live];
  const newcomer = resolve(owner, bulletin, bundle);
  if (newcomer === undefined || essence(newcomer) !== essence(state)) {
    problems.push('a newcomer differs');
  }
  const names = new Set(bundle.map(({ name }) => name));
  const replayed = resolve(owner, bulletin, [
    ...bundle,
    ...all.filter((each) => !names.has(each.name)),
  ]);
  if (replayed === undefined || essence(replayed) !== essence(state)) {
    problems.push('the past changes a newcomer');
  }
}

/** Whether no addition names all removals in force of somebody. */
function isRemoved({ removals, live, counted }: Resolution, user: EntityKey): boolean {
  const names = removals.get(user) ?? [];
  const isOverAll = live.some((entry) => {
    if (!counted.has(entry.name)) return false;
    if (isEntryOf(entry, 'add')) {
      const over = new Set(entry.act.over.get(user));
      return entry.act.members.includes(user) && names.every((each) => over.has(each));
    }
    // Lists and invitations of deployed clients overrule what is earlier.
    const earlier = new Set(live.slice(0, live.indexOf(entry)).map(({ name }) => name));
    const isDeployed = isEntryOf(entry, 'list') || isEntryOf(entry, 'invite');
    return (
      isDeployed && entry.act.members.includes(user) && names.every((each) => earlier.has(each))
    );
  });
  return names.length > 0 && !isOverAll;
}

/** One projection makes the lists of deployed clients equal to ours. */
function repair(from: Device, devices: readonly Device[], time: number, problems: string[]): void {
  const { members } = from.state;
  for (const each of devices) {
    if (!each.isDeployed) continue;
    each.replace(time, members);
    if (!sameMembers(each.shown.members, members)) problems.push('a deployed list differs');
  }
}
