import { stat } from 'node:fs/promises';
import {
  ERRORS,
  isJsonObject,
  isProtocolError,
  type JsonObject,
  parseJsonObject,
} from '@dimp/foundation';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { readInput, STANDARD_INPUT, withoutMark } from '../files.ts';
import { inspectBytes, inspectText } from '../inspect/bytes.ts';
import { firstBad, type Inspection } from '../inspect/inspection.ts';
import { type InspectionContext, type KnownEntities, nothingKnown } from '../inspect/known.ts';
import { inspectionFacts, inspectionLines } from '../inspect/render.ts';
import { openProfile, type Profile, profileExists } from '../profile.ts';
import { protocol } from '../protocol.ts';

/** Options of `dim inspect`. */
export interface InspectOptions {
  /** Files with metas or cards, for signatures of people whom the profile does not know. */
  readonly meta?: readonly string[];
  /** Decrypts what is for the user of the profile. */
  readonly open?: boolean;
  /** False: does not look into the profile. */
  readonly profile?: boolean;
  /** Does as if it were that time, in seconds since the epoch. */
  readonly now?: number;
  /** Does not look into the profile. */
  readonly alone?: boolean;
}

/** Longest input, in bytes. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_META_BYTES = 256 * 1024;

/**
 * Explains what a file, the standard input or an argument holds.
 *
 * @returns 0, or the exit status of the code for which a peer would refuse it
 */
export async function inspectCommand(
  input: string | undefined,
  options: InspectOptions,
  context: Context,
): Promise<number> {
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
}

/** Explains bytes or a text. */
export function inspect(
  source: Uint8Array | string,
  context: InspectionContext,
): Promise<Inspection> {
  return typeof source === 'string' ? inspectText(source, context) : inspectBytes(source, context);
}

async function sourceOf(input: string | undefined, context: Context): Promise<Uint8Array | string> {
  if (input === undefined || input === STANDARD_INPUT) {
    if (context.stdin.isTTY === true)
      throw usage('what to inspect: a file, a text, or - and a pipe');
    return withoutMark(await readInput(STANDARD_INPUT, MAX_BYTES, context));
  }
  return (await isFile(input)) ? withoutMark(await readInput(input, MAX_BYTES, context)) : input;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    // No name of a file at all, such as a whole message.
    return false;
  }
}

async function readMeta(path: string, context: Context): Promise<JsonObject> {
  const wire = parseJsonObject(withoutMark(await readInput(path, MAX_META_BYTES, context)));
  const { meta } = wire;
  return isJsonObject(meta) ? meta : wire;
}

/** The profile, unless there is none, or it cannot be opened without asking: an inspection does not depend on it. */
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

/** Whether there was no passphrase at all, and not a wrong one. */
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
