import { expect, test } from 'vitest';
import { protocol } from '../../apps/cli/src/account/protocol.ts';
import { inspect } from '../../apps/cli/src/inspect/bytes.ts';
import { firstBad, type Inspection, verdictOf } from '../../apps/cli/src/inspect/inspection.ts';
import { inspectionFacts, inspectionLines } from '../../apps/cli/src/inspect/render.ts';
import { casesOf, contextOf, secrets, type VectorCase } from './vectors.node.ts';

const private_ = secrets();

/** Explains the input of a case, and checks that the output contains no secrets and no control characters. */
async function explain(
  source: string | Uint8Array,
  input: VectorCase['input'] = {},
): Promise<Inspection> {
  const inspection = await inspect(source, contextOf(input));
  const json = JSON.stringify(inspectionFacts(inspection));
  const lines = inspectionLines(inspection).join('\n');
  for (const secret of private_) {
    expect(json.includes(secret) || lines.replaceAll(/\s/g, '').includes(secret)).toBe(false);
  }
  expect([...lines].every((each) => each === '\n' || !isObeyed(each))).toBe(true);
  return inspection;
}

/** Control characters, and those that change the writing direction. */
function isObeyed(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x202a && code <= 0x202e);
}

function messageOf({
  message_utf8,
  message_hex,
  message_parts,
}: VectorCase['input']): string | Uint8Array {
  if (typeof message_hex === 'string') return Uint8Array.from(Buffer.from(message_hex, 'hex'));
  if (typeof message_utf8 === 'string') return message_utf8;
  return (message_parts as (string | { repeat: string; times: number })[])
    .map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times)))
    .join('');
}

const messages = casesOf('core').filter(({ input }) =>
  ['message.open', 'message.verify'].includes(String(input['op'])),
);

test('the vectors have messages of every kind to inspect', () => {
  expect(messages.filter(({ error }) => error === undefined).length).toBeGreaterThan(50);
  expect(messages.filter(({ error }) => error !== undefined).length).toBeGreaterThan(50);
});

/** Invalid messages that are recognised as something else. */
const OTHERWISE: Readonly<Record<string, Inspection['kind']>> = {
  'bad-open-fmt-no-signature': 'secure-message',
  'bad-open-fmt-object': 'json',
};

for (const { file, id, input, error } of messages) {
  test(`inspect ${error === undefined ? 'accepts' : 'refuses'} ${file} ${id}`, async () => {
    const inspection = await explain(messageOf(input), input);
    if (error === undefined) {
      expect(firstBad(inspection)).toBeUndefined();
      expect(inspection.kind).toBe('reliable-message');
    } else if (OTHERWISE[id] !== undefined) {
      expect(inspection.kind).toBe(OTHERWISE[id]);
      expect(verdictOf(inspection)).toBe('unknown');
    } else {
      const codes = allCodes(inspection);
      expect(codes).toContain(error);
      expect(verdictOf(inspection)).toBe('bad');
    }
  });
}

function allCodes({ checks, parts }: Inspection): readonly string[] {
  return [...checks.flatMap(({ code }) => code ?? []), ...parts.flatMap(allCodes)];
}

test.each(casesOf('mkm').filter(({ input }) => input['op'] === 'id.parse'))(
  'inspect tells what $file $id is',
  async ({ input, expect: expected, error }) => {
    const text = String(input['text']);
    // Text without an @, or on several lines, may be anything.
    if (error !== undefined && (!text.includes('@') || text.includes('\n'))) {
      return expectNoID(text);
    }
    const inspection = await explain(text);
    if (error !== undefined) return expect(allCodes(inspection)).toContain(error);
    const { entity } = protocol.parseID(text);
    expect(inspection).toMatchObject({
      kind: 'id',
      facts: { entity: expected?.['entity'] ?? entity },
    });
  },
);

async function expectNoID(text: string): Promise<void> {
  expect((await explain(text)).kind).not.toBe('id');
}

test.each(casesOf('mkm').filter(({ input }) => input['op'] === 'meta.match'))(
  'inspect judges the meta of $file $id',
  async ({ input, expect: expected, error }) => {
    const meta = input['meta'];
    const inspection = await explain(JSON.stringify({ id: input['id'], meta }));
    if (expected?.['match'] === true) expect(firstBad(inspection)).toBeUndefined();
    else expect(allCodes(inspection)).toContain(error ?? 'identity/meta-mismatch');
  },
);

test.each(casesOf('mkm').filter(({ input }) => input['op'] === 'document.verify'))(
  'inspect judges the document of $file $id',
  async ({ input, expect: expected, error }) => {
    const card = { id: input['id'], meta: input['meta'], visa: input['document'] };
    const inspection = await explain(JSON.stringify(card), input);
    const document = inspection.parts.find(({ kind }) => kind === 'document');
    // A bulletin is signed with the meta of the founder, not of the group.
    const own = firstBad(inspection)?.code !== 'identity/meta-mismatch';
    if (error !== undefined) {
      if (own) expect(allCodes(inspection)).toContain(error);
      else expect(verdictOf(inspection)).toBe('bad');
      return;
    }
    expect(document?.facts['type']).toBe(expected?.['type']);
    expect(document?.checks[0]).toMatchObject({
      what: 'signature',
      result: own ? 'good' : 'unknown',
    });
  },
);

test.each(casesOf('dkd').filter(({ input }) => input['op'] === 'content.parse'))(
  'inspect explains the content of $file $id',
  async ({ input, expect: expected, error }) => {
    const { content_utf8: text, content } = input;
    const inspection = await explain(typeof text === 'string' ? text : JSON.stringify(content));
    if (error !== undefined) return expect(verdictOf(inspection)).not.toBe('good');
    if (inspection.kind !== 'content') return expect(expected?.['kind']).toBe('unknown');
    const kind = String(expected?.['kind']);
    expect(inspection.facts['type']).toBe(expected?.['type']);
    // Our kinds are more detailed than those of the vectors.
    if (!['command', 'group-command', 'customized'].includes(kind)) {
      expect(inspection.facts['kind']).toBe(kind);
    }
  },
);

test.each(casesOf('transport').filter(({ input }) => input['op'] === 'mtp.decode'))(
  'inspect cuts the stream of $file $id',
  async ({ input, expect: expected, error }) => {
    const hex = (input['chunks_hex'] as string[]).join('');
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    if (!hex.startsWith('44494d')) return void (await explain(bytes));
    const inspection = await explain(bytes);
    if (error !== undefined) return expect(allCodes(inspection)).toContain(error);
    const frames = expected?.['frames'] as readonly object[];
    expect(inspection.kind).toBe('mtp');
    expect(inspection.facts['packages']).toBe(frames.length);
  },
);

test.each(
  casesOf('crypto').filter(
    ({ input }) => String(input['op']).startsWith('key.') || input['key'] !== undefined,
  ),
)('inspect shows no key material of $file $id', async ({ input }) => {
  for (const name of ['key', 'private_key', 'private', 'public', 'a', 'b']) {
    const wire = input[name];
    if (typeof wire !== 'object' || wire === null) continue;
    const { data } = wire as { data?: unknown };
    const inspection = await explain(JSON.stringify(wire));
    if (typeof data !== 'string' || data.length < 24) continue;
    const shown = JSON.stringify(inspectionFacts(inspection));
    const material = data.replaceAll(/-----[A-Z ]+-----|\s/g, '').slice(0, 40);
    if (material.length > 16) expect(shown).not.toContain(material);
  }
});
