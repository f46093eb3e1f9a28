import { relative } from 'node:path';
import type { Stage } from '@dimp/example-walkthrough/stage';
import type { Person } from './person.ts';
import { PROGRAMS } from './program.ts';
import type { DemoStation } from './station.ts';

/** Prints the commands to join the conversation from other terminals. */
export function invite(stage: Stage, folder: string, station: DemoStation, hulk: Person): void {
  const dim = `node ${relative(process.cwd(), PROGRAMS.dim)}`;
  const as = (home: string): string => `${dim} --data ${home} --station ${station.address}`;
  stage.step('Your turn: the station keeps running');
  stage.note('In a second terminal, start a chat as hulk:');
  stage.command(`${as(hulk.folder)} chat`);
  stage.note('In a third terminal, create your own identity, and write to hulk:');
  stage.command(`${as(`${folder}/you`)} register yourname --no-passphrase`);
  stage.command(`${as(`${folder}/you`)} chat ${hulk.id}`);
  stage.note(
    'hulk sees you as a stranger with a number. In the chat of hulk, /reply answers you, /info shows your ID, and /add adds you to the contacts.',
  );
  stage.note('Metrics of the station:');
  stage.command(`curl http://${station.address}/metrics`);
  stage.note('Ctrl-C in this terminal stops the station and removes all data of this demo.');
}
