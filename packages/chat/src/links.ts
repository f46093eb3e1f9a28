/**
 * Links and QR codes that lead to people and groups, fingerprints, and safety numbers.
 *
 * @module
 */
export { fingerprint, type KeyedID, matchesFingerprint } from './links/fingerprint.ts';
export { formatLink, formatQrText, formatWebLink } from './links/format-link.ts';
export type { ContactLink, GroupLink, Link, LinkStation, VerifyLink } from './links/link.ts';
export { checkLinkMac, linkMac, newLinkToken, type TokenUse } from './links/link-token.ts';
export { parseLink } from './links/parse-link.ts';
export { safetyNumber } from './links/safety-number.ts';
