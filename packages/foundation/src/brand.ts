declare const brand: unique symbol;

/** Nominal type. Only the parser of a brand turns a plain value into a branded one. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
