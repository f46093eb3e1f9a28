import { isJsonObject, type Json, type JsonObject } from '@dimp/foundation';
import { oneLine, printable } from '../terminal/text.ts';
import { type Check, type Inspection, verdictOf } from './inspection.ts';

const SIGNS = { good: '✓', bad: '✗', unknown: '?' } as const;
const LABEL = 16;

/** An inspection as JSON, see the guide. */
export function inspectionFacts(inspection: Inspection): JsonObject {
  const { kind, facts, checks, parts } = inspection;
  return {
    kind,
    verdict: verdictOf(inspection),
    facts,
    checks: checks.map((check) => ({ ...check })),
    parts: parts.map(inspectionFacts),
  };
}

/** An inspection for people. */
export function inspectionLines(inspection: Inspection, depth = 0): readonly string[] {
  const { kind, facts, checks, parts } = inspection;
  const lines = [kind.replaceAll('-', ' ')];
  for (const [name, value] of Object.entries(facts)) lines.push(...factLines(name, value));
  for (const check of checks) lines.push(checkLine(check));
  return [
    ...lines.map((line, i) => `${'    '.repeat(depth)}${i === 0 ? '' : '  '}${line}`),
    ...parts.flatMap((part) => inspectionLines(part, depth + 1)),
  ];
}

function factLines(name: string, value: Json | undefined): readonly string[] {
  if (value === undefined || value === null || value === '') return [];
  if (Array.isArray(value) && value.length === 0) return [];
  const label = name.replaceAll(/[A-Z]+/g, (capitals) => ` ${capitals.toLowerCase()}`);
  if (isJsonObject(value)) {
    return [
      label,
      ...printable(JSON.stringify(value, null, 2))
        .split('\n')
        .map((l) => `  ${l}`),
    ];
  }
  const text = Array.isArray(value) ? value.map(String).join(', ') : String(value);
  return [`${label.padEnd(LABEL)} ${oneLine(text)}`];
}

function checkLine({ what, result, code, message }: Check): string {
  const why = code === undefined ? '' : ` [${code}]`;
  return `${SIGNS[result]} ${what.padEnd(LABEL - 2)} ${oneLine(message)}${why}`;
}
