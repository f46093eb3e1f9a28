import type { AddressType } from '@dimp/mkm';

/** The one address `toy`, a user. */
export const toyAddress: AddressType<'toy'> = {
  family: 'toy',
  parse: (text) =>
    text === 'toy'
      ? { text, canonical: text, family: 'toy', network: 0, number: 1, broadcast: false }
      : undefined,
  generate: () => {
    throw new RangeError('not needed');
  },
};
