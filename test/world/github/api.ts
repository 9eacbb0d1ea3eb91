/** GitHub's REST API over the world's state, with its rules and its words. */
import { Buffer } from 'node:buffer';
import { type Context, Hono } from 'hono';
import type { App } from './app.ts';
import {
  checkShape,
  commentShape,
  deploymentShape,
  pullShape,
  repositoryShape,
  userShape,
} from './shapes.ts';
import {
  ApiError,
  type Comment,
  type Commit,
  commitIn,
  hashOf,
  headOf,
  type Person,
  type Pull,
  pullIn,
  type Repository,
  repositoryIn,
  type State,
} from './state.ts';

const MOST_COMMENT = 65_536;
const MOST_TEXT = 65_535;

type Json = Record<string, unknown>;

/** Everything below `/api/v3` that an installation may ask. */
export function createApi(state: State, app: App, bot: Person): Hono {
  const api = new Hono();
  const place = (context: Context): Repository => {
    const repository = repositoryIn(state, context.req.param('o') ?? '', context.req.param('r') ?? '');
    app.allow(context, repository);
    return repository;
  };
  const pullAt = (context: Context): [Repository, Pull] => {
    const repository = place(context);
    return [repository, pullIn(repository, Number(context.req.param('n')))];
  };
  const body = async (context: Context): Promise<Json> => (await context.req.json()) as Json;

  api.get('/repos/:o/:r', (context) => context.json(repositoryShape(place(context))));
  api.get('/installation/repositories', (context) => {
    const all = [...state.repositories.values()].filter((each) => app.reaches(each)).map(repositoryShape);
    return context.json({ total_count: all.length, repositories: paged(context, all) });
  });
  api.get('/repos/:o/:r/branches', (context) => {
    const repository = place(context);
    const all = [...repository.branches].map(([name, sha]) => branchShape(repository, name, sha));
    return context.json(paged(context, all));
  });
  api.get('/repos/:o/:r/branches/:b{.+}', (context) => {
    const repository = place(context);
    const name = context.req.param('b');
    const sha = repository.branches.get(name);
    if (sha === undefined) throw new ApiError(404, 'Branch not found');
    return context.json(branchShape(repository, name, sha));
  });
  api.get('/repos/:o/:r/rules/branches/:b{.+}', (context) => {
    const { required, reviewRules } = place(context);
    const contexts = required.get(context.req.param('b')) ?? [];
    const parameters = reviewRules.get(context.req.param('b'));
    const checks = {
      type: 'required_status_checks',
      parameters: { required_status_checks: contexts.map((name) => ({ context: name })) },
    };
    return context.json([
      ...(contexts.length ? [checks] : []),
      ...(parameters ? [{ type: 'pull_request', parameters }] : []),
    ]);
  });
  api.get('/users/:name', (context) => {
    const person = state.people.get(context.req.param('name').toLowerCase());
    if (!person) throw new ApiError(404, 'Not Found');
    return context.json(userShape(person));
  });
  api.get('/user/:id', (context) => {
    const person = [...state.people.values()].find(({ id }) => id === Number(context.req.param('id')));
    if (!person) throw new ApiError(404, 'Not Found');
    return context.json(userShape(person));
  });
  api.get('/orgs/:org/teams/:slug/memberships/:name', (context) => {
    app.needs('members', 'read');
    const { org, slug, name } = context.req.param();
    const person = state.people.get(name.toLowerCase());
    if (!person || !state.teams.get(`${org}/${slug}`.toLowerCase())?.has(person.id))
      throw new ApiError(404, 'Not Found');
    return context.json({ state: 'active', role: 'member' });
  });
  api.get('/repos/:o/:r/compare/:range', (context) => {
    const repository = place(context);
    const [before = '', after = ''] = context.req.param('range').split('...');
    const commits = [];
    for (let sha = after; sha && sha !== before; ) {
      const commit = commitIn(state, repository, sha);
      commits.unshift(commitShape(commit));
      sha = commit.parents.at(-1) ?? '';
    }
    return context.json({ status: 'ahead', commits });
  });
  api.get('/repos/:o/:r/pulls/:n/reviews', (context) => {
    const [, pull] = pullAt(context);
    return context.json(
      paged(
        context,
        pull.reviews.map(({ by, state: how, commit }, id) => ({
          id,
          user: userShape(by),
          state: how,
          commit_id: commit,
        })),
      ),
    );
  });
  api.get('/repos/:o/:r/git/trees/:sha', (context) => {
    const repository = place(context);
    app.needs('contents', 'read');
    const { files, sha } = commitIn(state, repository, context.req.param('sha'));
    const tree = Object.entries(files).map(([path, text]) => ({
      path,
      mode: '100644',
      type: 'blob',
      sha: hashOf(`blob ${text}`),
      size: Buffer.byteLength(text),
    }));
    return context.json({ sha, tree, truncated: false });
  });
  api.get('/repos/:o/:r/git/blobs/:sha', (context) => {
    place(context);
    app.needs('contents', 'read');
    for (const each of state.repositories.values()) {
      for (const { files } of each.commits.values()) {
        const text = Object.values(files).find((file) => hashOf(`blob ${file}`) === context.req.param('sha'));
        if (text !== undefined)
          return context.json({ encoding: 'base64', content: Buffer.from(text).toString('base64') });
      }
    }
    throw new ApiError(404, 'Not Found');
  });
  api.get('/repos/:o/:r/contents/:path{.+}', (context) => {
    const repository = place(context);
    const { files } = commitIn(state, repository, context.req.query('ref') ?? repository.defaultBranch);
    const text = files[context.req.param('path')];
    if (text === undefined) throw new ApiError(404, 'Not Found');
    return context.json({
      type: 'file',
      size: Buffer.byteLength(text),
      encoding: 'base64',
      content: Buffer.from(text).toString('base64'),
    });
  });
  api.get('/repos/:o/:r/commits/:sha/pulls', (context) => {
    const repository = place(context);
    const sha = context.req.param('sha');
    const found = [...repository.pulls.values()].filter(
      (pull) => pull.commits.includes(sha) || repository.commits.get(sha)?.parents.includes(headOf(pull)),
    );
    return context.json(found.map((pull) => pullShape(pull, repository)));
  });
  api.get('/repos/:o/:r/commits/:sha/check-runs', (context) => {
    const repository = place(context);
    app.needs('checks', 'read');
    const name = context.req.query('check_name');
    const own = context.req.query('app_id');
    const runs = repository.checks.filter(
      (check) =>
        check.body['head_sha'] === context.req.param('sha') &&
        (name === undefined || check.body['name'] === name) &&
        (own === undefined || String(check.app) === own),
    );
    return context.json({
      total_count: runs.length,
      check_runs: paged(
        context,
        runs.map((run) => checkShape(run, [])),
      ),
    });
  });
  api.get('/repos/:o/:r/commits/:sha/status', (context) => {
    const statuses = place(context).statuses.filter(({ sha }) => sha === context.req.param('sha'));
    const newest = [...new Map(statuses.map((status) => [status.context, status])).values()];
    return context.json({ state: 'success', statuses: newest });
  });
  api.get('/repos/:o/:r/commits/:ref', (context) => {
    return context.json(commitShape(commitIn(state, place(context), context.req.param('ref'))));
  });
  api.get('/repos/:o/:r/pulls', (context) => {
    const repository = place(context);
    const wanted = context.req.query('state') ?? 'open';
    const all = [...repository.pulls.values()].filter((pull) => wanted === 'all' || pull.state === wanted);
    return context.json(
      paged(
        context,
        all.map((pull) => pullShape(pull, repository)),
      ),
    );
  });
  api.get('/repos/:o/:r/pulls/:n', (context) => {
    const [repository, pull] = pullAt(context);
    app.needs('pull_requests', 'read');
    return context.json(pullShape(pull, repository));
  });
  api.get('/repos/:o/:r/pulls/:n/commits', (context) => {
    const [repository, pull] = pullAt(context);
    return context.json(
      paged(
        context,
        pull.commits.map((sha) => commitShape(commitIn(state, pull.head ?? repository, sha))),
      ),
    );
  });
  api.get('/repos/:o/:r/collaborators/:user/permission', (context) => {
    const repository = place(context);
    const person = state.people.get(context.req.param('user').toLowerCase());
    if (!person) throw new ApiError(404, 'Not Found');
    const role = repository.permissions.get(person.id) ?? (repository.private ? undefined : 'read');
    const permission = { read: 'read', triage: 'read', write: 'write', maintain: 'write', admin: 'admin' }[
      role ?? 'read'
    ];
    return context.json({
      permission: role ? permission : 'none',
      role_name: role ?? 'none',
      user: userShape(person),
    });
  });

  const comments = (context: Context): [Repository, Pull, Comment] => {
    const repository = place(context);
    const id = Number(context.req.param('c'));
    for (const pull of repository.pulls.values()) {
      const comment = pull.comments.find((each) => each.id === id);
      if (comment) return [repository, pull, comment];
    }
    throw new ApiError(404, 'Not Found');
  };
  api.get('/repos/:o/:r/issues/:n/comments', (context) => {
    const [, pull] = pullAt(context);
    return context.json(paged(context, pull.comments.map(commentShape)));
  });
  api.post('/repos/:o/:r/issues/:n/comments', async (context) => {
    const [, pull] = pullAt(context);
    app.needs('pull_requests', 'write');
    const text = commentText(await body(context));
    app.created();
    const nowMs = state.clock.now();
    const comment: Comment = {
      id: state.nextId(),
      author: bot,
      app: app.id,
      body: text,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      versions: [text],
      reactions: [],
    };
    pull.comments.push(comment);
    return context.json(commentShape(comment), 201);
  });
  api.get('/repos/:o/:r/issues/comments', (context) => {
    const repository = place(context);
    const since = Date.parse(context.req.query('since') ?? '1970-01-01');
    const all = [...repository.pulls.values()].flatMap((pull) =>
      pull.comments
        .filter(({ updatedAtMs }) => updatedAtMs >= since)
        .map((comment) => ({
          ...commentShape(comment),
          html_url: `${pullShape(pull, repository).html_url}#issuecomment-${comment.id}`,
        })),
    );
    return context.json(paged(context, all));
  });
  api.get('/repos/:o/:r/issues/comments/:c', (context) => context.json(commentShape(comments(context)[2])));
  api.patch('/repos/:o/:r/issues/comments/:c', async (context) => {
    const [, , comment] = comments(context);
    app.needs('pull_requests', 'write');
    comment.body = commentText(await body(context));
    comment.versions.push(comment.body);
    comment.updatedAtMs = state.clock.now();
    return context.json(commentShape(comment));
  });
  api.post('/repos/:o/:r/issues/comments/:c/reactions', async (context) => {
    const [, , comment] = comments(context);
    app.needs('pull_requests', 'write');
    const { content } = await body(context);
    const known = comment.reactions.find((each) => each.user.id === bot.id && each.content === content);
    if (known) return context.json({ id: known.id, content, user: userShape(bot) });
    app.created();
    const reaction = { id: state.nextId(), content: String(content), user: bot };
    comment.reactions.push(reaction);
    return context.json({ id: reaction.id, content, user: userShape(bot) }, 201);
  });
  api.get('/repos/:o/:r/issues/comments/:c/reactions', (context) => {
    const [, , comment] = comments(context);
    const all = comment.reactions.map(({ id, content, user }) => ({ id, content, user: userShape(user) }));
    return context.json(paged(context, all));
  });
  api.delete('/repos/:o/:r/issues/comments/:c/reactions/:id', (context) => {
    const [, , comment] = comments(context);
    const at = comment.reactions.findIndex(({ id }) => id === Number(context.req.param('id')));
    if (at < 0) throw new ApiError(404, 'Not Found');
    comment.reactions.splice(at, 1);
    return context.body(null, 204);
  });

  api.post('/repos/:o/:r/check-runs', async (context) => {
    const repository = place(context);
    app.needs('checks', 'write');
    const wanted = await body(context);
    checkCheck(wanted);
    app.created();
    const check = { id: state.nextId(), app: app.id, annotations: annotationsIn(wanted), body: wanted };
    repository.checks.push(check);
    return context.json(checkShape(check, []), 201);
  });
  api.patch('/repos/:o/:r/check-runs/:id', async (context) => {
    const repository = place(context);
    app.needs('checks', 'write');
    const check = repository.checks.find(({ id }) => id === Number(context.req.param('id')));
    if (!check) throw new ApiError(404, 'Not Found');
    const wanted = await body(context);
    checkCheck(wanted);
    check.annotations.push(...annotationsIn(wanted));
    check.body = { ...check.body, ...wanted };
    return context.json(checkShape(check, []));
  });
  api.post('/repos/:o/:r/statuses/:sha', async (context) => {
    const repository = place(context);
    app.needs('statuses', 'write');
    const { state: how, context: name, description = '', target_url: url = '' } = await body(context);
    if (String(description).length > 140)
      throw new ApiError(422, 'description is too long (maximum is 140 characters)');
    app.created();
    const status = {
      sha: context.req.param('sha'),
      context: String(name),
      state: String(how),
      description: String(description),
      target_url: String(url),
    };
    repository.statuses.push(status);
    return context.json({ id: state.nextId(), ...status }, 201);
  });
  api.get('/repos/:o/:r/deployments', (context) => {
    const { sha, environment } = context.req.query();
    const all = place(context).deployments.filter(
      (each) =>
        (sha === undefined || each.sha === sha) &&
        (environment === undefined || each.environment === environment),
    );
    return context.json(paged(context, all.map(deploymentShape)));
  });
  api.post('/repos/:o/:r/deployments', async (context) => {
    const repository = place(context);
    app.needs('deployments', 'write');
    const wanted = await body(context);
    if (!Array.isArray(wanted['required_contexts']))
      throw new ApiError(409, 'Conflict: Commit status checks failed');
    app.created();
    const { sha } = commitIn(state, repository, String(wanted['ref']));
    const deployment = {
      id: state.nextId(),
      sha,
      environment: String(wanted['environment']),
      body: wanted,
      statuses: [],
    };
    repository.deployments.push(deployment);
    return context.json(deploymentShape(deployment), 201);
  });
  api.post('/repos/:o/:r/deployments/:d/statuses', async (context) => {
    const repository = place(context);
    app.needs('deployments', 'write');
    const deployment = repository.deployments.find(({ id }) => id === Number(context.req.param('d')));
    if (!deployment) throw new ApiError(404, 'Not Found');
    const {
      state: how,
      environment_url: url = '',
      description = '',
      auto_inactive: others,
    } = await body(context);
    app.created();
    const status = {
      id: state.nextId(),
      state: String(how),
      environment_url: String(url),
      description: String(description),
    };
    deployment.statuses.push(status);
    if (how === 'success' && others !== false)
      inactivate(state, repository, deployment.id, deployment.environment);
    return context.json(status, 201);
  });
  api.get('/repos/:o/:r/environments/:e', (context) => {
    const repository = place(context);
    app.needs('actions', 'read');
    const environment = repository.environments.get(context.req.param('e'));
    if (!environment) throw new ApiError(404, 'Not Found');
    const { protection_rules, deployment_branch_policy } = environment;
    return context.json({ id: 1, name: context.req.param('e'), protection_rules, deployment_branch_policy });
  });
  api.get('/repos/:o/:r/environments/:e/deployment_protection_rules', (context) => {
    const rules = place(context).environments.get(context.req.param('e'))?.apps ?? [];
    return context.json({
      total_count: rules.length,
      custom_deployment_protection_rules: rules.map((slug, id) => ({ id, enabled: true, app: { id, slug } })),
    });
  });
  api.get('/repos/:o/:r/environments/:e/deployment-branch-policies', (context) => {
    const patterns = place(context).environments.get(context.req.param('e'))?.patterns ?? [];
    return context.json({
      total_count: patterns.length,
      branch_policies: patterns.map((name, id) => ({ id, name })),
    });
  });
  return api;
}

function commitShape({ sha, message, author }: Commit) {
  return { sha, commit: { message }, author: userShape(author), committer: userShape(author) };
}

function branchShape(repository: Repository, name: string, sha: string) {
  return { name, commit: { sha }, protected: repository.protectedBranches.has(name) };
}

function commentText({ body }: Json): string {
  if (typeof body !== 'string' || !body.trim())
    throw new ApiError(422, "Validation Failed: body can't be blank");
  if (body.length > MOST_COMMENT)
    throw new ApiError(422, `Validation Failed: body is too long (maximum is ${MOST_COMMENT} characters)`);
  return body;
}

function annotationsIn(wanted: Json): object[] {
  const { annotations }: { annotations?: unknown } = Object(wanted['output']);
  return Array.isArray(annotations) ? annotations : [];
}

/** GitHub's limits of a check run, each answered as GitHub does. */
function checkCheck(wanted: Json): void {
  const { actions = [], output = {}, status, conclusion } = wanted;
  const { title, summary }: { title?: unknown; summary?: unknown } = Object(output);
  if (annotationsIn(wanted).length > 50)
    throw new ApiError(422, 'Invalid request. No more than 50 items are allowed; annotations');
  if (status === 'completed' && !conclusion)
    throw new ApiError(422, 'Invalid request. conclusion is required when status is completed');
  if (output !== undefined && wanted['output'] && (typeof title !== 'string' || typeof summary !== 'string'))
    throw new ApiError(422, 'Invalid request. title and summary are needed');
  if (typeof summary === 'string' && summary.length > MOST_TEXT)
    throw new ApiError(422, 'Invalid request. summary is too long');
  const all = Array.isArray(actions) ? actions : [];
  if (all.length > 3) throw new ApiError(422, 'Invalid request. No more than 3 items are allowed; actions');
  for (const { label, description, identifier } of all) {
    if (label.length > 20 || identifier.length > 20 || description.length > 40)
      throw new ApiError(422, 'Invalid request. an action is too long');
  }
}

function inactivate(state: State, { deployments }: Repository, except: number, environment: string): void {
  for (const each of deployments) {
    if (
      each.id === except ||
      each.environment !== environment ||
      each.body['production_environment'] !==
        deployments.find(({ id }) => id === except)?.body['production_environment']
    )
      continue;
    if (each.body['transient_environment'] === true || each.statuses.at(-1)?.state !== 'success') continue;
    each.statuses.push({ id: state.nextId(), state: 'inactive', environment_url: '', description: '' });
  }
}

/** One page of a list, with the link to the next. */
export function paged<T>(context: Context, all: readonly T[]): T[] {
  const size = Math.min(100, Number(context.req.query('per_page') ?? 30));
  const page = Number(context.req.query('page') ?? 1);
  if (all.length > page * size) {
    const url = new URL(context.req.url);
    url.searchParams.set('page', String(page + 1));
    context.header('link', `<${url.href}>; rel="next"`);
  }
  return all.slice((page - 1) * size, page * size);
}
