/** Names of services that only a station gives (spec §9.12): its operator may, although `assistant` is reserved. */
export const SERVICE_NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'master',
  'monitor',
  'archivist',
  'announcer',
  'assistant',
]);
