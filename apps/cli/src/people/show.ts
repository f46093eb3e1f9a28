import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import type { People } from './people.ts';
import { callNameOf, numberOf, type Person, personFacts, shownName } from './person.ts';

/** Shows a person on one line. `type` is that of the JSON object; by default it follows from the standing. */
export async function showPerson(
  person: Person,
  directory: People,
  output: Output,
  { type, suffix = '' }: { readonly type?: string; readonly suffix?: string } = {},
): Promise<void> {
  const { id, remark, nickname } = person;
  const keys = await directory.source.keys(id.text);
  const meta = keys.algorithm !== undefined;
  const label = directory.labelOf(person);
  const facts = {
    ...personFacts(person, label),
    name: nickname ?? id.name ?? id.text,
    meta,
    visa: keys.hasVisa,
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
  output: Output,
): Promise<void> {
  const { id, standing, remark, nickname } = person;
  const label = directory.labelOf(person);
  const { algorithm, hasVisa, visaTime } = await directory.source.keys(id.text);
  const facts = {
    ...personFacts(person, label),
    nickname,
    meta: algorithm !== undefined,
    visa: hasVisa,
    algorithm,
    visaTime,
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
    `  keys      ${algorithm === undefined ? 'still unknown' : `${algorithm} signs`}`,
  ]);
}
