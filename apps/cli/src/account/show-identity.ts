import type { JsonObject } from '@dimp/foundation';
import { displayNumber, type User } from '@dimp/mkm';
import type { Output } from '../terminal/output.ts';
import { oneLine, timeText } from '../terminal/text.ts';
import type { Profile } from './profile.ts';

/** Shows an identity of this machine. Everything shown is public. */
export async function showIdentity(
  { name: profile, folder, facebook }: Profile,
  user: User,
  output: Output,
): Promise<void> {
  const { id } = user;
  const meta = await user.meta();
  const visa = await user.visa();
  const encryptKey = await user.encryptKey();
  const contacts = (await user.contacts()).length;
  const displayName = await user.displayName();
  const number = displayNumber(id);
  const algorithm = meta?.key.algorithm;
  const words = (await facebook.identityOrigin(id)) !== undefined;
  const facts: JsonObject = {
    id: id.text,
    name: displayName,
    number,
    algorithm,
    messageAlgorithm: encryptKey?.algorithm,
    metaType: meta?.type,
    visaTime: visa?.time,
    words,
    contacts,
    profile,
    folder,
  };
  const signed = visa?.time === undefined ? '' : `, visa of ${timeText(visa.time)}`;
  output.result('identity', facts, [
    `ID        ${id.text}`,
    `name      ${oneLine(displayName)}`,
    `number    ${number}`,
    `keys      ${algorithm} signs, ${encryptKey?.algorithm ?? 'none'} receives${signed}`,
    `contacts  ${contacts}`,
    `profile   ${profile} in ${oneLine(folder)}`,
  ]);
}
