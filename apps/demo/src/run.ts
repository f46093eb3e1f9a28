import type { Stage } from '@dimp/example-walkthrough/stage';
import { answer, comeBack, introduce, leaveMessage } from './conversation.ts';
import type { Person } from './person.ts';
import type { Program } from './program.ts';
import { type DemoStation, startStation } from './station.ts';

/** Programs that still run after the conversation. */
export interface Running {
  readonly station: DemoStation;
  readonly hulk: Person;
  readonly stop: () => Promise<void>;
}

/**
 * Plays the conversation: a station, and two people who chat over it, each in a process of their own.
 *
 * @param folder - folder of all data
 * @throws if anything is not as expected; all programs are stopped before
 */
export async function run(stage: Stage, folder: string): Promise<Running> {
  const programs: Program[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()));
  };
  try {
    stage.step('A station starts and creates its identity');
    const station = await startStation(folder);
    programs.push(station.program);
    stage.fact('station', station.id);
    stage.fact('address', station.address);
    const [moki, hulk] = await introduce(stage, folder, station);
    await leaveMessage(stage, moki, hulk);
    await comeBack(stage, moki, hulk, folder);
    await answer(stage, moki, hulk);
    return { station, hulk, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
