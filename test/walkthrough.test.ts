import { expect, test } from 'vitest';
import { run } from '../examples/walkthrough/src/run.ts';
import { ensure, Stage } from '../examples/walkthrough/src/stage.ts';

test('the walkthrough completes, and each tampered message is refused with its code', async () => {
  const lines: string[] = [];
  await run(new Stage((line) => lines.push(line)));
  const steps = lines
    .filter((line) => /^\d+\. /.test(line))
    .map((line) => Number.parseInt(line, 10));
  expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(lines.join('\n')).toContain('"Hey guy!"');
  const codes = lines.map((line) => /refused: (\S+)/.exec(line)?.[1]).filter((code) => code);
  expect(codes).toEqual([
    'crypto/signature',
    'crypto/signature',
    'crypto/decrypt',
    'crypto/decrypt',
  ]);
});

test('the walkthrough writes no colours by default', () => {
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  new Stage(print).proven('text', 'plain');
  new Stage(print, true).proven('text', 'green');
  expect(lines.map((line) => line.includes('\u001b['))).toEqual([false, true]);
});

test('the walkthrough fails if a claim is not true', () => {
  expect(() => ensure(false, 'the message is refused')).toThrow('the message is refused');
});
