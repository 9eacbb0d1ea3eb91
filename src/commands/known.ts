/** What a bare word could mean besides a verb; known to who asks. */
export interface Known {
  readonly environments: readonly string[];
  readonly groups: readonly string[];
  /** Where a command goes that does not say where, and the groups there; without it that is production. */
  readonly here?: { readonly environment: string; readonly groups: readonly string[] };
}
