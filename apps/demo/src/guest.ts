import { relative } from 'node:path';
import type { Stage } from '@dimp/example-walkthrough/stage';
import type { Person } from './person.ts';
import { PROGRAMS } from './program.ts';
import type { DemoStation } from './station.ts';

/** Tells a person how to join from other terminals. */
export function invite(stage: Stage, folder: string, station: DemoStation, hulk: Person): void {
  const dim = `node ${relative(process.cwd(), PROGRAMS.dim)}`;
  const as = (home: string): string => `${dim} --data ${home} --station ${station.address}`;
  stage.step('Now you: the station stays up');
  stage.note('In a second terminal, hulk waits for what people say to him:');
  stage.command(`${as(hulk.folder)} chat`);
  stage.note('In a third one, make an identity of yours and say something to him:');
  stage.command(`${as(`${folder}/you`)} register yourname --no-passphrase`);
  stage.command(`${as(`${folder}/you`)} chat ${hulk.id}`);
  stage.note(
    'hulk sees you as a stranger, with a number: /reply answers you, /info shows your ID, /add takes you as a contact.',
  );
  stage.note('How the station is:');
  stage.command(`curl http://${station.address}/metrics`);
  stage.note('Ctrl-C here ends the station and removes all that was made.');
}
