import { displayNumber } from '@dimp/mkm';
import { newPerson, type Person } from '../people.ts';
import { ensure, type Stage } from '../stage.ts';

/** Registers two users with the defaults: RSA-2048, MKM meta, `name@address`. */
export async function newUsers(stage: Stage): Promise<readonly [alice: Person, bob: Person]> {
  stage.step('Two new users, each on a machine of their own');
  const people = await Promise.all([newPerson('alice'), newPerson('bob')]);
  for (const person of people) await present(stage, person);
  stage.note('The number is for searching. The address is a hash of the meta.');
  return people;
}

/** Shows the identity of a person. */
export async function present(stage: Stage, { name, user }: Person): Promise<void> {
  const meta = await user.meta();
  ensure(meta !== undefined, `${name} has a meta`);
  stage.fact(name, user.id.text);
  const { algorithm, keySize } = meta.key.toWire();
  const key = typeof keySize === 'number' ? `${algorithm}-${8 * keySize}` : algorithm;
  const kind = `${user.constructor.name}, number ${displayNumber(user.id)}`;
  stage.fact('', `${kind}, ${key} key, meta type ${meta.type}`);
}
