declare const brand: unique symbol;

/** Nominal tag: a plain value becomes a branded one only by going through its parser. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
