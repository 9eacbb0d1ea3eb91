/** What people do on GitHub. Each deed changes the state and queues the webhooks that GitHub sends for it. */
import type { App } from './app.ts';
import type { Deliveries } from './deliveries.ts';
import { checkShape, commentShape, issueShape, pullShape, repositoryShape, userShape } from './shapes.ts';
import {
  type Comment,
  type Commit,
  type Files,
  hashOf,
  headOf,
  type Permission,
  type Person,
  type Pull,
  type Repository,
  type State,
} from './state.ts';

export interface People {
  person(login: string): Person;
  /** A repository with a first commit on `main`. */
  repository(
    fullName: string,
    more?: { files?: Files; private?: boolean; permissions?: Record<string, Permission> },
  ): Repository;
  /** Somebody's commit on a branch; `files` with null are removed. */
  push(
    by: Person,
    repository: Repository,
    branch: string,
    files: Record<string, string | null>,
    message?: string,
  ): string;
  forcePush(by: Person, repository: Repository, branch: string, sha: string): void;
  openPull(
    by: Person,
    repository: Repository,
    wanted: { branch: string; title?: string; from?: Repository; base?: string },
  ): Pull;
  comment(by: Person, repository: Repository, pull: Pull, body: string): Comment;
  editComment(by: Person, repository: Repository, pull: Pull, comment: Comment, body: string): void;
  deleteComment(by: Person, repository: Repository, pull: Pull, comment: Comment): void;
  closePull(by: Person, repository: Repository, pull: Pull): void;
  review(by: Person, pull: Pull, state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED'): void;
  merge(by: Person, repository: Repository, pull: Pull): string;
  press(by: Person, repository: Repository, check: Repository['checks'][number], identifier: string): void;
  rerequest(by: Person, repository: Repository, check: Repository['checks'][number]): void;
}

export function createPeople(state: State, app: App, deliveries: Deliveries): People {
  const { clock } = state;
  const tell = (event: string, by: Person, repository: Repository, payload: object) => {
    if (!app.reaches(repository)) return;
    const common = {
      repository: repositoryShape(repository),
      sender: userShape(by),
      installation: { id: app.installation },
    };
    deliveries.add(event, { ...payload, ...common });
  };
  const tellPull = (action: string, by: Person, repository: Repository, pull: Pull, more: object = {}) =>
    tell('pull_request', by, repository, {
      action,
      number: pull.number,
      pull_request: pullShape(pull, repository),
      ...more,
    });
  const tellComment = (
    action: string,
    by: Person,
    repository: Repository,
    pull: Pull,
    comment: Comment,
    more: object = {},
  ) =>
    tell('issue_comment', by, repository, {
      action,
      issue: issueShape(pull, repository),
      comment: commentShape(comment),
      ...more,
    });
  /** The pull requests of a branch follow it. */
  const moved = (by: Person, source: Repository, branch: string, sha: string) => {
    for (const base of state.repositories.values()) {
      for (const pull of base.pulls.values()) {
        if (pull.head !== source || pull.branch !== branch || pull.state === 'closed') continue;
        const at = pull.commits.indexOf(sha);
        pull.commits = at < 0 ? [...pull.commits, sha] : pull.commits.slice(0, at + 1);
        pull.updatedAtMs = clock.now();
        tellPull('synchronize', by, base, pull, { after: sha });
      }
    }
  };
  const commit = (
    by: Person,
    repository: Repository,
    branch: string,
    files: Record<string, string | null>,
    message: string,
  ): Commit => {
    const parent = repository.branches.get(branch) ?? repository.branches.get(repository.defaultBranch);
    const before = parent === undefined ? {} : (repository.commits.get(parent)?.files ?? {});
    const after = Object.fromEntries(
      Object.entries({ ...before, ...files }).filter((entry): entry is [string, string] => entry[1] !== null),
    );
    const sha = hashOf(
      `${repository.id} ${parent ?? ''} ${JSON.stringify(after)} ${message} ${state.nextId()}`,
    );
    const made = { sha, files: after, message, author: by, parents: parent === undefined ? [] : [parent] };
    repository.commits.set(sha, made);
    repository.branches.set(branch, sha);
    return made;
  };
  const tellPush = (by: Person, repository: Repository, branch: string, before: string, after: string) =>
    tell('push', by, repository, { ref: `refs/heads/${branch}`, before, after, deleted: false, commits: [] });

  return {
    person(login) {
      const known = state.people.get(login.toLowerCase());
      if (known) return known;
      const person: Person = { id: state.nextId(), login, type: 'User' };
      state.people.set(login.toLowerCase(), person);
      return person;
    },
    repository(
      fullName,
      { files = { 'README.md': 'hello' }, private: isPrivate = true, permissions = {} } = {},
    ) {
      const [owner = '', name = ''] = fullName.split('/');
      const repository: Repository = {
        id: state.nextId(),
        owner,
        name,
        private: isPrivate,
        defaultBranch: 'main',
        branches: new Map(),
        protectedBranches: new Set(),
        commits: new Map(),
        permissions: new Map(
          Object.entries(permissions).map(([login, role]) => [this.person(login).id, role]),
        ),
        pulls: new Map(),
        environments: new Map(),
        required: new Map(),
        reviewRules: new Map(),
        statuses: [],
        deployments: [],
        checks: [],
      };
      state.repositories.set(fullName.toLowerCase(), repository);
      commit(this.person(owner), repository, 'main', files, 'first');
      return repository;
    },
    push(by, repository, branch, files, message = 'a change') {
      const before = repository.branches.get(branch) ?? '0'.repeat(40);
      const { sha } = commit(by, repository, branch, files, message);
      tellPush(by, repository, branch, before, sha);
      moved(by, repository, branch, sha);
      return sha;
    },
    forcePush(by, repository, branch, sha) {
      const before = repository.branches.get(branch) ?? '0'.repeat(40);
      repository.branches.set(branch, sha);
      tellPush(by, repository, branch, before, sha);
      moved(by, repository, branch, sha);
    },
    openPull(by, repository, { branch, title = 'A change', from = repository, base = 'main' }) {
      const sha = from.branches.get(branch) ?? '';
      const pull: Pull = {
        number: repository.pulls.size + 11,
        title,
        state: 'open',
        merged: false,
        mergedBy: null,
        author: by,
        base,
        branch,
        head: from,
        commits: [sha],
        updatedAtMs: clock.now(),
        comments: [],
        reviews: [],
      };
      repository.pulls.set(pull.number, pull);
      tellPull('opened', by, repository, pull);
      return pull;
    },
    comment(by, repository, pull, body) {
      const nowMs = clock.now();
      const comment: Comment = {
        id: state.nextId(),
        author: by,
        app: null,
        body,
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
        versions: [body],
        reactions: [],
      };
      pull.comments.push(comment);
      pull.updatedAtMs = nowMs;
      tellComment('created', by, repository, pull, comment);
      return comment;
    },
    editComment(by, repository, pull, comment, body) {
      const from = comment.body;
      comment.body = body;
      comment.versions.push(body);
      comment.updatedAtMs = clock.now();
      tellComment('edited', by, repository, pull, comment, { changes: { body: { from } } });
    },
    deleteComment(by, repository, pull, comment) {
      pull.comments.splice(pull.comments.indexOf(comment), 1);
      tellComment('deleted', by, repository, pull, comment);
    },
    closePull(by, repository, pull) {
      Object.assign(pull, { state: 'closed', updatedAtMs: clock.now() });
      tellPull('closed', by, repository, pull);
    },
    review(by, pull, how) {
      pull.reviews.push({ by, state: how, commit: headOf(pull) });
    },
    merge(by, repository, pull) {
      const files = (pull.head ?? repository).commits.get(headOf(pull))?.files ?? {};
      const before = repository.branches.get(pull.base) ?? '';
      const { sha } = commit(by, repository, pull.base, { ...files }, `Merge pull request #${pull.number}`);
      repository.commits.set(sha, {
        ...(repository.commits.get(sha) as Commit),
        parents: [before, headOf(pull)],
      });
      Object.assign(pull, { state: 'closed', merged: true, mergedBy: by, updatedAtMs: clock.now() });
      tellPush(by, repository, pull.base, before, sha);
      tellPull('closed', by, repository, pull);
      return sha;
    },
    rerequest(by, repository, check) {
      const pulls = [...repository.pulls.values()].filter((pull) => headOf(pull) === check.body['head_sha']);
      tell('check_run', by, repository, { action: 'rerequested', check_run: checkShape(check, pulls) });
    },
    press(by, repository, check, identifier) {
      const pulls = [...repository.pulls.values()].filter((pull) => headOf(pull) === check.body['head_sha']);
      tell('check_run', by, repository, {
        action: 'requested_action',
        requested_action: { identifier },
        check_run: checkShape(
          check,
          pulls.filter(({ head }) => head === repository),
        ),
      });
    },
  };
}
