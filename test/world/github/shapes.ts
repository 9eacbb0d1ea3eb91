/** GitHub's JSON of what the world holds, as far as a bot reads it. */
import {
  type Check,
  type Comment,
  type Deployment,
  headOf,
  iso,
  type Person,
  type Pull,
  type Repository,
} from './state.ts';

export function userShape({ id, login, type }: Person) {
  return { id, login, type, node_id: `U_${id}`, html_url: `https://github.example/${login}` };
}

export function repositoryShape({ id, owner, name, private: isPrivate, defaultBranch }: Repository) {
  return {
    id,
    name,
    full_name: `${owner}/${name}`,
    owner: { login: owner, id: 1, type: 'Organization' },
    private: isPrivate,
    default_branch: defaultBranch,
    archived: false,
    html_url: `https://github.example/${owner}/${name}`,
  };
}

export function pullShape(pull: Pull, base: Repository) {
  return {
    id: pull.number,
    number: pull.number,
    title: pull.title,
    state: pull.state,
    merged: pull.merged,
    merged_at: pull.merged ? iso(pull.updatedAtMs) : null,
    merged_by: pull.mergedBy && userShape(pull.mergedBy),
    user: userShape(pull.author),
    // It says so of anybody who has opened a pull request once: a bot must not believe it.
    author_association: 'MEMBER',
    updated_at: iso(pull.updatedAtMs),
    html_url: `https://github.example/${base.owner}/${base.name}/pull/${pull.number}`,
    base: { ref: pull.base, sha: base.branches.get(pull.base) ?? '', repo: repositoryShape(base) },
    head: { ref: pull.branch, sha: headOf(pull), repo: pull.head && repositoryShape(pull.head) },
  };
}

export function issueShape(pull: Pull, base: Repository) {
  const { number, title, state } = pull;
  const url = `https://github.example/${base.owner}/${base.name}/pull/${number}`;
  return {
    id: number,
    number,
    title,
    state,
    user: userShape(pull.author),
    html_url: url,
    pull_request: { html_url: url },
  };
}

export function commentShape({ id, author, app, body, createdAtMs, updatedAtMs }: Comment) {
  return {
    id,
    node_id: `IC_${id}`,
    body,
    user: userShape(author),
    author_association: 'MEMBER',
    performed_via_github_app: app === null ? null : { id: app },
    created_at: iso(createdAtMs),
    updated_at: iso(updatedAtMs),
    html_url: `https://github.example/comment/${id}`,
  };
}

export function checkShape({ id, app, annotations, body }: Check, pulls: readonly Pull[]) {
  const { actions: _, output, ...rest } = body;
  return {
    id,
    ...rest,
    app: { id: app, slug: 'katabot' },
    output: { ...Object(output), annotations_count: annotations.length },
    pull_requests: pulls.map(({ number }) => ({ number })),
    html_url: `https://github.example/runs/${id}`,
  };
}

export function deploymentShape({ id, sha, environment, body }: Deployment) {
  return { id, sha, ref: sha, environment, ...body };
}
