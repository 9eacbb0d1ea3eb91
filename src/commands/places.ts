import { partsOf } from '../event.ts';
import { Failure } from '../failure.ts';
import { type Money, rate, sizeOf } from '../metering/index.ts';
import { type Group, readGroup } from '../spec/index.ts';
import type { Ground } from './ground.ts';
import type { GivenFile, Tree } from './verb.ts';

/** What there is to speak of, for a surface where a repository is named and not given. */
export interface Places {
  /** Names of the repositories that something can be deployed from. */
  repositories(): Promise<readonly string[]>;
  groups(): Promise<
    readonly { readonly name: string; readonly environment: string; readonly repository: string }[]
  >;
  /**
   * What a repository holds for an environment: the newest commit of its branch, or the commit or branch that is named.
   * Throws a Failure `source-missing`.
   */
  tree(
    repository: string,
    environment: string,
    wanted: { readonly commit?: string | undefined; readonly branch?: string | undefined },
  ): Promise<Tree>;
  branches(repository: string): Promise<readonly string[]>;
  /**
   * What the groups of a repository will cost in an environment, an hour: by the files that are given, or else by the newest
   * commit of its branch or of the branch that is named; where there is no such file, what those that run cost. Undefined
   * where neither is.
   */
  price(
    repository: string,
    environment: string,
    by: { readonly branch?: string | undefined; readonly files?: readonly GivenFile[] | undefined },
  ): Promise<Money | undefined>;
}

/** `more` names repositories that nothing runs of yet, `branches` those of one that were deployed before. */
export function createPlaces(
  ground: Ground,
  more: () => Promise<readonly string[]>,
  branches: (repository: string) => Promise<readonly string[]>,
): Places {
  const wishes = () => ground.desired.list();
  const tree = treesOf(ground);
  return {
    async repositories() {
      const all = [...(await wishes()).map(({ repository }) => repository), ...(await more())];
      return [...new Set(all.filter(Boolean))].toSorted();
    },
    groups: async () => (await wishes()).map(({ key, repository }) => ({ ...partsOf(key), repository })),
    tree,
    branches,
    async price(repository, environment, { branch, files: given }) {
      const files = given ?? (await filesOf(tree(repository, environment, { branch })));
      const wanted = files.flatMap(({ text }) => readGroup(text).group ?? []);
      const running = (await wishes())
        .filter((wish) => wish.repository === repository && partsOf(wish.key).environment === environment)
        .map(({ revision, location }) => ({ ...revision.group, location }));
      return hourly(ground, wanted.length ? wanted : running);
    },
  };
}

/** No files where there is no such tree. */
async function filesOf(tree: Promise<Tree>): Promise<readonly GivenFile[]> {
  try {
    return (await tree).files;
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

function treesOf({ sources }: Ground): Places['tree'] {
  return async (repository, environment, { commit, branch }) => {
    const places = branch === undefined ? [environment] : [environment, 'production', branch];
    for (const place of places) {
      const found = await sources.branch(repository, place, commit);
      if (found && (branch === undefined || found.branch === branch))
        return { commit: found.commit, files: found.files };
    }
    const what = commit ?? branch;
    throw new Failure(
      'source-missing',
      what
        ? `${repository} has no ${what} to be deployed from here.`
        : `${repository} has no branch for ${environment}.`,
      {
        advice:
          'Name a pull request (shop#12) or a branch (shop@main), or push to the branch of that environment.',
      },
    );
  };
}

/** What groups cost together; amounts of two currencies have no sum. */
function hourly({ locations, defaultPrices }: Ground, groups: readonly Group[]): Money | undefined {
  const amounts = groups.map((group) => {
    const name = group.location ?? Object.keys(locations)[0] ?? '';
    return rate(sizeOf(group), locations[name]?.prices ?? defaultPrices).perHour;
  });
  const [first, ...others] = amounts;
  if (!first || others.some(({ currency }) => currency !== first.currency)) return undefined;
  return others.reduce((sum, each) => sum.plus(each), first);
}
