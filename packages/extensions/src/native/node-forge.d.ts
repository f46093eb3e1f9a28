/*
 * The part of node-forge that is needed; the package brings no types. Files refer to this one by a directive that
 * the compiler leaves out of declarations, so nothing published depends on it.
 */

declare module 'node-forge/lib/jsbn.js' {
  class BigInteger {
    constructor(text: string, radix: 16);
    add(other: BigInteger): BigInteger;
    subtract(other: BigInteger): BigInteger;
    multiply(other: BigInteger): BigInteger;
    /** Never negative. */
    mod(modulus: BigInteger): BigInteger;
    modPow(exponent: BigInteger, modulus: BigInteger): BigInteger;
    modInverse(modulus: BigInteger): BigInteger;
    equals(other: BigInteger): boolean;
    toString(radix: 16): string;
  }
  const jsbn: { readonly BigInteger: typeof BigInteger };
  export = jsbn;
}
