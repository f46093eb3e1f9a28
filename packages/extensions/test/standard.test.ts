import { keyRegistry } from '@dimp/crypto';
import { contentRegistry } from '@dimp/dkd';
import { standard } from '@dimp/extensions/standard';
import { standardWithoutRsa } from '@dimp/extensions/standard-without-rsa';
import { addressRegistry, documentRegistry, idReader, metaRegistry } from '@dimp/mkm';
import { expect, test } from 'vitest';

test.each([
  ['standard', standard()],
  ['standardWithoutRsa', standardWithoutRsa()],
])('%s fits together: no name twice', (_, preset) => {
  const addresses = addressRegistry(...preset.addresses);
  const keys = keyRegistry(...preset.keys);
  const ids = idReader(addresses);
  expect(metaRegistry({ keys, addresses }, ...preset.metas).types).toHaveLength(3);
  expect(documentRegistry({ readID: ids.parse }, ...preset.documents).types).toHaveLength(3);
  const contents = contentRegistry({ ids }, ...preset.contents);
  const kinds = contents.types.map((type) => type.kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  expect(preset.name).toBe('standard');
});

test('the small preset lacks RSA and nothing else', () => {
  const names = standard().keys.map((each) => each.name);
  expect(standardWithoutRsa().keys.map((each) => each.name)).toEqual(
    names.filter((name) => name !== 'RSA'),
  );
  expect(standardWithoutRsa().contents).toEqual(standard().contents);
});

test('the kinds of the preset are known to the compiler', () => {
  const preset = standard();
  const ids = idReader(addressRegistry(...preset.addresses));
  const content = contentRegistry({ ids }, ...preset.contents).parse({
    type: '1',
    sn: 1,
    text: 'x',
  });
  const text: string = content.kind === 'text' ? content.body.text : '';
  expect(text).toBe('x');
});
