import type { Profile } from '../account/profile.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import type { People } from './people.ts';
import { callNameOf, numberOf, type Person, personFacts, shownName } from './person.ts';

/** Shows a person on one line. `type` is that of the JSON object; by default it follows from the standing. */
export async function showPerson(
  person: Person,
  directory: People,
  { facebook }: Pick<Profile, 'facebook'>,
  output: Output,
  { type, suffix = '' }: { readonly type?: string; readonly suffix?: string } = {},
): Promise<void> {
  const { id, remark, nickname } = person;
  const meta = (await facebook.meta(id)) !== undefined;
  const visa = (await facebook.document(id)) !== undefined;
  const label = directory.labelOf(person);
  const facts = {
    ...personFacts(person, label),
    name: nickname ?? id.name ?? id.text,
    meta,
    visa,
  };
  const calls =
    nickname === undefined || nickname === callNameOf(person) ? '' : ` "${shownName(nickname)}"`;
  const marked = person.standing === 'stranger' ? '' : ` ${numberOf(person)}`;
  const unknown = meta ? '' : ', meta still unknown';
  output.result(
    type ?? (person.standing === 'contact' ? 'contact' : 'stranger'),
    { ...facts, remark },
    `${label}${marked}  ${oneLine(id.text)}${calls}${unknown}${suffix}`,
  );
}

/** Shows everything that is known about a person. */
export async function showDetails(
  person: Person,
  directory: People,
  { facebook }: Pick<Profile, 'facebook'>,
  output: Output,
): Promise<void> {
  const { id, standing, remark, nickname } = person;
  const label = directory.labelOf(person);
  const meta = await facebook.meta(id);
  const visa = await facebook.document(id);
  const facts = {
    ...personFacts(person, label),
    nickname,
    meta: meta !== undefined,
    visa: visa !== undefined,
    algorithm: meta?.key.algorithm,
    visaTime: visa?.time,
  };
  const standings = {
    self: 'you',
    contact: 'a contact',
    stranger: 'not a contact: only the ID proves who this is',
  };
  output.result('person', facts, [
    label,
    `  ID        ${oneLine(id.text)}`,
    `  number    ${numberOf(person)}`,
    `  is        ${standings[standing]}`,
    ...(remark === undefined ? [] : [`  remark    ${shownName(remark)}`]),
    ...(nickname === undefined ? [] : [`  calls     themselves ${shownName(nickname)}`]),
    `  keys      ${meta === undefined ? 'still unknown' : `${meta.key.algorithm} signs`}`,
  ]);
}
