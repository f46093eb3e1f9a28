import { decodeBase64, encodeHex, isProtocolError, type JsonObject } from '@dimp/foundation';

/** Modulus and exponent of a public RSA key, read by the platform and not by our own parser. */
export async function rsaNumbers(spki: Uint8Array): Promise<JsonObject> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('spki', spki.slice(), algorithm, true, ['verify']);
  const { n = '', e = '' } = await crypto.subtle.exportKey('jwk', key);
  const modulus = BigInt(`0x${encodeHex(fromUrl(n))}`);
  return {
    bits: modulus.toString(2).length,
    modulus_hex: modulus.toString(16).padStart(2, '0'),
    exponent: Number(BigInt(`0x${encodeHex(fromUrl(e))}`)),
  };
}

/**
 * The private number inside any spelling of an ECC private key.
 *
 * @param isScalar - tells whether 64 hex digits are the key's
 */
export function eccPrivateHex(
  data: string,
  isScalar: (candidate: string) => boolean,
): string | undefined {
  if (/^[0-9a-f]{64}$/i.test(data)) return isScalar(data) ? data.toLowerCase() : undefined;
  const body = data.replace(/-----[^-]+-----/g, '').replace(/\s+/g, '');
  const der = encodeHex(decodeBase64(body));
  // An OCTET STRING of 32 bytes; the right one of several is found by its public key.
  for (const { index } of der.matchAll(/(?=0420)/g)) {
    const candidate = der.slice(index + 4, index + 68);
    try {
      if (candidate.length === 64 && isScalar(candidate)) return candidate;
    } catch (error) {
      if (!isProtocolError(error)) throw error;
    }
  }
  return undefined;
}

function fromUrl(text: string): Uint8Array {
  return decodeBase64(text.replace(/-/g, '+').replace(/_/g, '/'));
}
