import { type AddressType, addressRegistry, type ID, parseID } from '@dimp/mkm';

/** Addresses such as `u1` (a user) and `g1` (a group), so that core is tested without plug-ins. */
export const toy: AddressType<'toy'> = {
  family: 'toy',
  parse: (text) =>
    /^[ug]\d+$/.test(text)
      ? {
          text,
          canonical: text,
          family: 'toy',
          network: text.startsWith('g') ? 1 : 0,
          number: 0,
          broadcast: false,
        }
      : undefined,
  generate: () => {
    throw new RangeError('toy addresses are not generated');
  },
};

const addresses = addressRegistry(toy);

export function id(text: string): ID {
  return parseID(text, addresses);
}
