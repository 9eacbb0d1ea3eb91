import * as z from 'zod';
import { type Problem, readDescribed } from '../spec/index.ts';
import { holds } from './places.ts';
import { type GivenGrant, lesserOf, RIGHTS, type Right } from './rights.ts';

/** Where a repository says for itself what its pull requests may do. What it says can only be stricter than the settings. */
export const REPOSITORY_FILE = '.github/katabot.yml';

const duration = z
  .string()
  .regex(/^(\d{1,9}[smhd])+$/, 'expected a duration, such as 4h or 1h30m')
  .transform((text) =>
    [...text.matchAll(/(\d+)([smhd])/g)].reduce(
      (sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
      0,
    ),
  );
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const schema = z.strictObject({
  environments: z
    .record(
      z.string().regex(/^[a-z0-9*][a-z0-9*-]{0,39}$/, 'expected an environment, or a pattern such as pr-*'),
      z.strictObject({
        protected: z.boolean().optional(),
        longest: duration.optional(),
        pullRequests: z.boolean().optional(),
      }),
    )
    .default({}),
  roles: z
    .strictObject(
      Object.fromEntries(
        (['read', 'triage', 'write', 'maintain', 'admin'] as const).map((role) => [
          role,
          z.enum(RIGHTS).optional(),
        ]),
      ),
    )
    .default({}),
  forks: z.enum(['plan', 'deploy']).default('deploy'),
  comments: z.enum(['sticky', 'outcomes', 'none']).default('sticky'),
  previews: z.enum(['asked', 'opened']).default('asked'),
  queue: z.boolean().default(false),
});

/** What the file says, as far as it could be understood. */
export interface RepositoryFile {
  readonly environments: Readonly<
    Record<
      string,
      {
        readonly protected?: boolean | undefined;
        readonly longest?: number | undefined;
        readonly pullRequests?: boolean | undefined;
      }
    >
  >;
  readonly roles: Readonly<Record<string, Right | undefined>>;
  readonly forks: 'plan' | 'deploy';
  /** One comment that is edited; an answer for each deploy instead; or neither. */
  readonly comments: 'sticky' | 'outcomes' | 'none';
  /** Whether a preview is deployed when it is asked for, or with every push of somebody who may deploy it. */
  readonly previews: 'asked' | 'opened';
  /** Whether groups wait in line for room and GPUs that others hold now, where nobody says otherwise. */
  readonly queue: boolean;
}

const SILENT: RepositoryFile = schema.parse({});

/** Reads the text of the file, and finds every mistake with its place. Pure, and never throws. */
export function readRepositoryFile(text: string): { file: RepositoryFile; problems: readonly Problem[] } {
  const { value = SILENT, problems } = readDescribed(text, schema, {
    file: REPOSITORY_FILE,
    code: 'rules-invalid',
    page: 'docs/github.md',
  });
  return { file: value, problems };
}

/** What a role may do: what the settings give, but never more than the file says. Pure. */
export function narrowed(given: readonly GivenGrant[], most: Right | undefined): readonly GivenGrant[] {
  if (most === undefined) return given;
  return given.map((grant) => ({ ...grant, right: lesserOf(grant.right, most) }));
}

/** Everything that the file says of an environment: every name and pattern that fits counts, and the strictest wins. Pure. */
export function saidOf(
  { environments }: RepositoryFile,
  environment: string,
): { readonly isProtected: boolean; readonly longestMs: number | undefined; readonly isClosed: boolean } {
  const said = Object.entries(environments)
    .filter(([pattern]) => holds([pattern], environment))
    .map(([, each]) => each);
  const longest = said.flatMap((each) => (each.longest === undefined ? [] : [each.longest]));
  return {
    isProtected: said.some((each) => each.protected === true),
    longestMs: longest.length ? Math.min(...longest) : undefined,
    isClosed: said.some((each) => each.pullRequests === false),
  };
}
