import { deployed, expandShortKeys, type ShortKeyScope } from '@dimp/core/dialects';
import type { AnyContentType } from '@dimp/dkd';
import { isJsonObject, type JsonObject, stringifyJson } from '@dimp/foundation';
import { object, text } from './case.ts';
import type { VectorContext, VectorOperations } from './context.ts';
import { readingOf } from './reading.ts';

/** The operations of `dkd/`. */
export const dkdOperations: VectorOperations = {
  'content.parse': (input, { protocol }) => {
    const { content } = input;
    // Through the JSON gate, like received contents: it checks depth and `__proto__`.
    const json = isJsonObject(content) ? stringifyJson(content) : text(input, 'content_utf8');
    return readingOf(protocol.parseContent(json));
  },
  'keys.expand': (input) => ({
    value: expandShortKeys(text(input, 'scope') as ShortKeyScope, object(input, 'value')),
  }),
  'content.emit': (input, context) => ({ wire: emit(object(input, 'content'), context) }),
};

/** Creates the content of a reading, and writes it in the spelling of today's network. */
function emit(reading: JsonObject, { protocol }: VectorContext): JsonObject {
  const kind = text(reading, 'kind');
  const type = protocol.contents.types.find((each: AnyContentType) => each.kind === kind);
  if (type === undefined) throw new TypeError(`no content type "${kind}"`);
  const { sn, time, group } = reading;
  const selected = Object.fromEntries(
    Object.entries((type as AnyContentType).match).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : (value[0] ?? ''),
    ]),
  );
  const parsed = protocol.parseContent({
    ...selected,
    sn,
    time,
    group,
    ...object(reading, 'fields'),
  });
  const draft = {
    kind: parsed.kind,
    body: parsed.body,
    ...(parsed.group === undefined ? {} : { group: parsed.group }),
  };
  const content = protocol.contents.stamp(draft, { sn: Number(sn), time: Number(time) });
  return deployed.outgoing('content', content.wire);
}
