import type { JsonObject } from '@dimp/foundation';
import { displayNumber, type User } from '@dimp/mkm';
import type { Output } from '../terminal/output.ts';
import { oneLine, timeText } from '../terminal/text.ts';
import type { Profile } from './profile.ts';

/** Facts of an identity of this machine. Everything in them is public. */
export async function identityFacts(
  { name: profile, folder, facebook }: Profile,
  user: User,
): Promise<JsonObject> {
  const { id } = user;
  const meta = await user.meta();
  const visa = await user.visa();
  const encryptKey = await user.encryptKey();
  return {
    id: id.text,
    name: await user.displayName(),
    number: displayNumber(id),
    algorithm: meta?.key.algorithm,
    messageAlgorithm: encryptKey?.algorithm,
    metaType: meta?.type,
    visaTime: visa?.time,
    words: (await facebook.identityOrigin(id)) !== undefined,
    contacts: (await user.contacts()).length,
    profile,
    folder,
  };
}

/** Shows facts of {@link identityFacts}. */
export function showIdentity(facts: JsonObject, output: Output): void {
  const { id, name, number, algorithm, messageAlgorithm, visaTime, contacts, profile, folder } =
    facts;
  const signed = typeof visaTime === 'number' ? `, visa of ${timeText(visaTime)}` : '';
  output.result('identity', facts, [
    `ID        ${id}`,
    `name      ${oneLine(String(name))}`,
    `number    ${number}`,
    `keys      ${algorithm} signs, ${messageAlgorithm ?? 'none'} receives${signed}`,
    `contacts  ${contacts}`,
    `profile   ${profile} in ${oneLine(String(folder))}`,
  ]);
}
