import { type FieldSchema, type Schema, schema } from '@dimp/foundation/schema';
import {
  encodePortableNetworkFile,
  type PortableNetworkFile,
  parsePortableNetworkFile,
} from '@dimp/mkm';

/** An optional picture in each form of spec §1.5. An empty text counts as absent. */
export function networkFile(): FieldSchema<PortableNetworkFile, true> & { optional: true } {
  const inner: Schema<PortableNetworkFile> = schema(
    // `object` leaves out a member whose value is undefined.
    (value, field) => parsePortableNetworkFile(value, field) as PortableNetworkFile,
    (file) => encodePortableNetworkFile(file),
  );
  return { ...inner, optional: true };
}
