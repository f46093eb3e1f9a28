import { type ContentType, defineContent } from '@dimp/dkd';
import { isJsonObject, type JsonObject, ownMember, toText } from '@dimp/foundation';
import { object, type Schema, schema, string, time } from '@dimp/foundation/schema';
import { type OwnTarget, ownTarget } from './target.ts';

/** A new text below a file of the same sender. */
export interface CaptionEditBody {
  readonly text: string;
  /** Seconds since the epoch. */
  readonly edited: number;
  readonly origin: OwnTarget;
  /** The content of the file as it was sent: its type and the members that belong to the file. */
  readonly file: JsonObject & { readonly type: string };
}

/**
 * An edit of the text below a file: the whole content again, with the `sn` of the original. Clients that do not know edits show
 * the file with the new text.
 */
export const CaptionEdit: ContentType<'caption', CaptionEditBody> = /* @__PURE__ */ defineContent({
  kind: 'caption',
  match: { type: ['16', '18', '20', '22'], action: 'edit' },
  schema: captionEdit,
});

/** Members that are not the file's. */
const OTHERS: readonly string[] = [
  ...['sn', 'time', 'group', 'sender', 'receiver', 'action', 'text', 'edited', 'origin'],
  ...['mentions', 'vanish', 'after', 'groupState'],
];

function captionEdit(): Schema<CaptionEditBody> {
  const edit = object({ text: string, edited: time, origin: ownTarget() });
  return schema<CaptionEditBody>(
    (value, field) => ({ ...edit.decode(value, field), file: fileOf(value as JsonObject) }),
    ({ file, ...members }) => ({ ...fileOf(file), ...(edit.encode(members) as JsonObject) }),
  );
}

function fileOf(wire: JsonObject): CaptionEditBody['file'] {
  const members = Object.entries(isJsonObject(wire) ? wire : {}).filter(
    ([name]) => !OTHERS.includes(name),
  );
  return { ...Object.fromEntries(members), type: toText(ownMember(wire, 'type'), 'type') ?? '' };
}
