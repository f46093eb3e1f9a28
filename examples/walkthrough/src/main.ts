import { run } from './run.ts';
import { hasColours, Stage } from './stage.ts';

const colours = hasColours(process);
const print = (line: string): void => console.log(line);

print('DIM: end-to-end encrypted messages between people. This walkthrough uses no network.');
try {
  await run(new Stage(print, colours));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
