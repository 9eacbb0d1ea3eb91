/** Where a secret holds; '' stands for every repository and for every environment. */
export interface Scope {
  readonly repository: string;
  readonly environment: string;
}

/** Where a secret is looked for on behalf of a place, the narrowest first: what is nearer to the group counts. */
export function scopesFor({ repository, environment }: Scope): Scope[] {
  const all = [
    { repository, environment },
    { repository, environment: '' },
    { repository: '', environment },
    { repository: '', environment: '' },
  ];
  return all.filter(
    (scope, at) =>
      at ===
      all.findIndex((each) => each.repository === scope.repository && each.environment === scope.environment),
  );
}

/** A scope in words, such as `acme/shop in production`. */
export function scopeText({ repository, environment }: Scope): string {
  if (!repository && !environment) return 'everywhere';
  return [repository, environment && `in ${environment}`].filter(Boolean).join(' ');
}
