import { run } from './run.ts';
import { Stage } from './stage.ts';

// NO_COLOR: https://no-color.org
const colours = process.stdout.isTTY === true && !process.env['NO_COLOR'];
const print = (line: string): void => console.log(line);

print('DIM: messages between people, end to end. Nothing here uses a network.');
try {
  await run(new Stage(print, colours));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
