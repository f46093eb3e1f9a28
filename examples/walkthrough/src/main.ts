import { run } from './run.ts';
import { hasColours, Stage } from './stage.ts';

const colours = hasColours(process);
const print = (line: string): void => console.log(line);

print('DIM: messages between people, end to end. Nothing here uses a network.');
try {
  await run(new Stage(print, colours));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
