import { standardAddresses } from '@dimp/extensions/addresses';
import { addressRegistry, EntityType, parseID } from '@dimp/mkm';
import { KINDS, newPerson, protocol } from './people.ts';
import type { Suite } from './suite.ts';

/** IDs and metas. Deriving an address and checking one cost hashes; a meta costs one verification. */
export const identities: Suite = async (bench, primitives) => {
  const addresses = addressRegistry(...standardAddresses);
  for (const kind of KINDS) {
    const { facebook, id, material } = await newPerson(kind);
    const meta = await facebook.meta(id);
    if (meta?.seed === undefined || meta.fingerprint === undefined) throw new Error('no meta');
    const { fingerprint } = meta;
    const seed = new TextEncoder().encode(meta.seed);
    const verify = await primitives.verifier(kind.algorithm, material);
    if (kind === KINDS[0]) {
      await bench.measure('id/parse/cold', () => parseID(id.text, addresses));
      await bench.measure('id/parse/cached', () => protocol.parseID(id.text));
      await bench.measure('id/derive', () => protocol.metas.makeID(meta, EntityType.User));
    }
    await bench.measure(`meta/parse/${kind.name}`, () => protocol.metas.parse(meta.wire));
    await bench.compare(`meta/check/${kind.name}`, () => protocol.metas.check(meta, id), {
      bare: () => verify(seed, fingerprint),
    });
  }
};
