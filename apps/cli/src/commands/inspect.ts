import { stat } from 'node:fs/promises';
import {
  ERRORS,
  isJsonObject,
  isProtocolError,
  type JsonObject,
  parseJsonObject,
} from '@dimp/foundation';
import { openProfile, type Profile, profileExists } from '../account/profile.ts';
import { protocol } from '../account/protocol.ts';
import { inspect } from '../inspect/bytes.ts';
import { firstBad } from '../inspect/inspection.ts';
import { type KnownEntities, nothingKnown } from '../inspect/known.ts';
import { inspectionFacts, inspectionLines } from '../inspect/render.ts';
import type { Context } from '../terminal/context.ts';
import { usage } from '../terminal/failure.ts';
import { readInput, STANDARD_INPUT, withoutMark } from '../terminal/files.ts';
import { type CommandDefinition, option, repeatableOption } from './command.ts';

/** Options of `dim inspect`. */
interface InspectOptions {
  /** Paths of metas or cards, to verify signatures of people that the profile does not know. */
  readonly meta?: readonly string[];
  /** Decrypts what is encrypted for the user of the profile. */
  readonly open?: boolean;
  /** Time to assume instead of the clock's, in seconds since the epoch. */
  readonly now?: number;
  /** Does not use the profile. */
  readonly alone?: boolean;
}

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_META_BYTES = 256 * 1024;

/** Explains a file, the standard input or an argument. Exits with the status of the code for which a peer would refuse it. */
export const inspectCommand: CommandDefinition<InspectOptions, [input: string | undefined]> = {
  usage: 'inspect [input]',
  summary: 'explain a message, key, ID or package',
  description:
    'Explains data from the network: messages in any state and spelling, contents, metas, documents, keys and IDs as JSON or text, and MTP packages as bytes, hex or Base64. Reports which signatures are valid, and why a peer would refuse the data. Sends and stores nothing, and hides secrets. INPUT is a file, a text, or - for standard input.',
  options: [
    repeatableOption('--meta <file>', 'meta or card of a person that the profile does not know'),
    option('--open', 'decrypt what is encrypted for the identity of the profile'),
    option('--alone', 'do not use the profile'),
    option('--now <seconds>', 'assume this time').argParser(Number).hideHelp(),
  ],
  examples: [
    'dim inspect message.json',
    'dim inspect hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj',
    'dim inspect --meta moki.json - < message.json',
    'dim inspect "44494d2000000004 50494e47" --json',
  ],

  async run(context, options, input) {
    const { output } = context;
    const metas: JsonObject[] = [];
    for (const path of options.meta ?? []) metas.push(await readMeta(path, context));
    const source = await sourceOf(input, context);
    const profile = options.alone === true ? undefined : await openIfPossible(options, context);
    try {
      const inspection = await inspect(source, {
        protocol,
        now: options.now === undefined ? Date.now : () => Number(options.now) * 1000,
        known: profile === undefined ? nothingKnown : knownTo(profile, options.open === true),
        metas,
      });
      output.result('inspection', inspectionFacts(inspection), inspectionLines(inspection));
      const code = firstBad(inspection)?.code;
      return code === undefined ? 0 : ERRORS[code].exit;
    } finally {
      await profile?.[Symbol.asyncDispose]();
    }
  },
};

async function sourceOf(input: string | undefined, context: Context): Promise<Uint8Array | string> {
  if (input === undefined || input === STANDARD_INPUT) {
    if (context.stdin.isTTY === true)
      throw usage('nothing to inspect: give a file, a text, or - and pipe the input');
    return withoutMark(await readInput(STANDARD_INPUT, MAX_BYTES, context));
  }
  return (await isFile(input)) ? withoutMark(await readInput(input, MAX_BYTES, context)) : input;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    // Not a file name at all, such as a whole message.
    return false;
  }
}

async function readMeta(path: string, context: Context): Promise<JsonObject> {
  const wire = parseJsonObject(withoutMark(await readInput(path, MAX_META_BYTES, context)));
  const { meta } = wire;
  return isJsonObject(meta) ? meta : wire;
}

/** Opens the profile; undefined if there is none or it needs a passphrase, because an inspection works without it. */
async function openIfPossible(
  { open }: InspectOptions,
  context: Context,
): Promise<Profile | undefined> {
  if (open !== true && !(await profileExists(context))) return undefined;
  try {
    return await openProfile(context, 'read');
  } catch (error) {
    const missing = isProtocolError(error, 'store/conflict') || isPassphraseMissing(error, context);
    if (open === true || !missing) throw error;
    context.output.note(`without the profile: ${(error as Error).message}`);
    return undefined;
  }
}

/** Whether no passphrase was given, rather than a wrong one. */
function isPassphraseMissing(error: unknown, { options, env }: Context): boolean {
  return (
    isProtocolError(error, 'crypto/passphrase') &&
    options.passphraseFile === undefined &&
    !env['DIM_PASSPHRASE']
  );
}

function knownTo({ facebook }: Profile, open: boolean): KnownEntities {
  return {
    meta: async (id) => (await facebook.meta(id))?.wire,
    documents: async (id) => (await facebook.documents(id)).map(({ wire }) => wire),
    members: (group) => facebook.members(group),
    identities: async () => (open ? facebook.localIdentities() : []),
  };
}
