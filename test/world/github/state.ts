/** What the pretend GitHub holds: repositories, people, pull requests, and everything that was written to them. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';

export interface Person {
  readonly id: number;
  login: string;
  readonly type: 'User' | 'Bot';
}

export type Permission = 'read' | 'triage' | 'write' | 'maintain' | 'admin';
export type Files = Readonly<Record<string, string>>;

export interface Commit {
  readonly sha: string;
  readonly files: Files;
  readonly message: string;
  readonly author: Person;
  readonly parents: readonly string[];
}

export interface Repository {
  readonly id: number;
  owner: string;
  name: string;
  private: boolean;
  readonly defaultBranch: string;
  readonly branches: Map<string, string>;
  readonly protectedBranches: Set<string>;
  readonly commits: Map<string, Commit>;
  readonly permissions: Map<number, Permission>;
  readonly pulls: Map<number, Pull>;
  readonly environments: Map<string, Environment>;
  /** Contexts that a branch requires. */
  readonly required: Map<string, string[]>;
  /** The parameters of a branch's rule `pull_request`. */
  readonly reviewRules: Map<string, object>;
  readonly statuses: Status[];
  readonly deployments: Deployment[];
  readonly checks: Check[];
}

export interface Environment {
  readonly protection_rules: readonly object[];
  readonly deployment_branch_policy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
  readonly patterns?: readonly string[];
  /** Apps with a rule of their own. */
  readonly apps?: readonly string[];
}

export interface Pull {
  readonly number: number;
  title: string;
  state: 'open' | 'closed';
  merged: boolean;
  mergedBy: Person | null;
  readonly author: Person;
  readonly base: string;
  readonly branch: string;
  /** null: the fork was deleted. */
  head: Repository | null;
  commits: string[];
  updatedAtMs: number;
  readonly comments: Comment[];
  readonly reviews: { readonly by: Person; readonly state: string; readonly commit: string }[];
}

export interface Comment {
  readonly id: number;
  readonly author: Person;
  readonly app: number | null;
  body: string;
  readonly createdAtMs: number;
  updatedAtMs: number;
  /** Every text that it had, oldest first. */
  readonly versions: string[];
  readonly reactions: { readonly id: number; readonly content: string; readonly user: Person }[];
}

export interface Check {
  readonly id: number;
  readonly app: number;
  readonly annotations: object[];
  body: Record<string, unknown>;
}

export interface Status {
  readonly sha: string;
  readonly context: string;
  readonly state: string;
  readonly description: string;
  readonly target_url: string;
}

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly environment: string;
  readonly body: Record<string, unknown>;
  readonly statuses: { id: number; state: string; environment_url: string; description: string }[];
}

export interface State {
  readonly clock: Clock;
  readonly people: Map<string, Person>;
  readonly repositories: Map<string, Repository>;
  /** Who is in a team (`acme/ops`), by number. */
  readonly teams: Map<string, Set<number>>;
  nextId(): number;
}

export function createState(clock: Clock): State {
  let id = 1_000;
  return { clock, people: new Map(), repositories: new Map(), teams: new Map(), nextId: () => ++id };
}

export function hashOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

export function iso(atMs: number): string {
  return new Date(Math.floor(atMs / 1000) * 1000).toISOString().replace('.000', '');
}

/** A refusal as GitHub's API words it. */
export class ApiError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export function repositoryIn(state: State, owner: string, name: string): Repository {
  const found = state.repositories.get(`${owner}/${name}`.toLowerCase());
  if (!found) throw new ApiError(404, 'Not Found');
  return found;
}

export function pullIn(repository: Repository, number: number): Pull {
  const found = repository.pulls.get(number);
  if (!found) throw new ApiError(404, 'Not Found');
  return found;
}

export function headOf(pull: Pull): string {
  return pull.commits.at(-1) ?? '';
}

/** A commit of the repository, or of a fork of it: GitHub keeps them in one place. */
export function commitIn(state: State, repository: Repository, ref: string): Commit {
  const sha = repository.branches.get(ref) ?? ref;
  for (const each of [repository, ...state.repositories.values()]) {
    const found =
      each.commits.get(sha) ??
      [...each.commits.values()].find((commit) => sha.length >= 7 && commit.sha.startsWith(sha));
    if (found) return found;
  }
  throw new ApiError(422, `No commit found for SHA: ${ref}`);
}
