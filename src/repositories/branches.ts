import { environmentOf } from './environments.ts';

/** A branch that is to be deployed, and where. */
export interface MappedBranch {
  readonly branch: string;
  readonly commit: string;
  readonly environment: string;
}

export interface Mapped {
  readonly wanted: readonly MappedBranch[];
  /** Branches that all claim one environment: none of them is deployed. */
  readonly clashes: readonly { readonly environment: string; readonly branches: readonly string[] }[];
}

/**
 * Which branches go where. `patterns` maps a branch, or a pattern with `*`, to an environment, '' to one that is named after
 * the branch; names count before patterns. Without patterns the default branch is production. Pure.
 */
export function mapped(
  heads: ReadonlyMap<string, string>,
  defaultBranch: string,
  patterns: Readonly<Record<string, string>> | undefined,
): Mapped {
  const rules = Object.entries(patterns ?? { [defaultBranch]: 'production' }).sort(
    ([a], [b]) => Number(a.includes('*')) - Number(b.includes('*')),
  );
  const all = [...heads].flatMap(([branch, commit]): MappedBranch[] => {
    const rule = rules.find(([pattern]) => fits(pattern, branch));
    return rule ? [{ branch, commit, environment: rule[1] || environmentOf(branch, defaultBranch) }] : [];
  });
  const clashes = [...Map.groupBy(all, ({ environment }) => environment)].filter(
    ([, branches]) => branches.length > 1,
  );
  const clashing = new Set(clashes.map(([environment]) => environment));
  return {
    wanted: all.filter(({ environment }) => !clashing.has(environment)),
    clashes: clashes.map(([environment, branches]) => ({
      environment,
      branches: branches.map(({ branch }) => branch),
    })),
  };
}

function fits(pattern: string, branch: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(branch);
}
