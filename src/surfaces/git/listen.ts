import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Caller, Decision } from '../../policy/index.ts';
import { serveBackend } from './backend.ts';
import { basicOf } from './caller.ts';
import { type Hooks, openHooks } from './hooks.ts';
import { answerHook, catchUp, type Push, type PushParts, refusalText } from './push.ts';
import { createRepository, exists, REPOSITORY_NAME } from './repository.ts';
import { createTurns } from './turns.ts';

export interface GitParts extends Omit<PushParts, 'turns'> {
  readonly authenticate: (user: string, token: string) => Promise<Caller | undefined>;
  readonly mayRead: (caller: Caller) => Decision;
  readonly mayPush: (caller: Caller) => Decision;
  readonly mayCreate: (caller: Caller) => Decision;
  /** Repositories of the settings: made at their first push, by anybody who may push. */
  readonly namedRepositories: readonly string[];
}

export interface GitSurface {
  /** Serves `/git/NAME.git/...` */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Deploys what was pushed while the bot could not finish. */
  catchUp(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const MOST_PUSH_BYTES = 64 * 1024 * 1024;
const ROUTE =
  /^\/git\/(.+?)\.git(\/(?:info\/refs|git-upload-pack|git-receive-pack|HEAD|objects\/[0-9a-z/._-]+))$/;

/** Git over HTTP: pushes are checked before the ref moves, and deploy after it has. */
export function createGitSurface(given: GitParts): GitSurface {
  const parts = { ...given, turns: createTurns() };
  const pushes = new Map<string, Push>();
  const running = new Set<Promise<void>>();
  let hooks: Promise<Hooks> | undefined;
  const openedHooks = () => {
    hooks ??= openHooks(async (call, tell) => {
      const push = pushes.get(call.push);
      return push ? answerHook(parts, push, call, tell) : 1;
    });
    return hooks;
  };
  const tracked = (work: Promise<void>) => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };
  return {
    handle: (request, response) => tracked(handle(parts, pushes, openedHooks, request, response)),
    catchUp: (signal) => tracked(catchUpAll(parts, signal)),
    async close() {
      for (const push of pushes.values()) {
        push.leaving.abort(new Error('the bot is stopping'));
        push.audience.abort(new Error('the bot is stopping'));
      }
      await Promise.allSettled(running);
      await (await hooks)?.close();
    },
  };
}

async function catchUpAll(parts: PushParts, signal: AbortSignal): Promise<void> {
  for (const repository of await repositoriesIn(parts.folder)) await catchUp(parts, repository, signal);
}

async function handle(
  parts: GitParts & PushParts,
  pushes: Map<string, Push>,
  openedHooks: () => Promise<Hooks>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, repository = '', rest = ''] = ROUTE.exec(url.pathname) ?? [];
  if (!REPOSITORY_NAME.test(repository)) {
    return answer(
      response,
      404,
      'A repository is /git/NAME.git, with lower-case letters, digits and hyphens, at most one slash.',
    );
  }
  const given = basicOf(request.headers.authorization);
  const caller = given && (await parts.authenticate(given.user, given.token));
  if (!caller) {
    response.setHeader('www-authenticate', 'Basic realm="katabot", charset="UTF-8"');
    return answer(
      response,
      401,
      given
        ? 'This user and token do not belong together.'
        : 'Say who you are: user name and token. `katabot token create NAME` makes one.',
    );
  }
  const pushing = rest === '/git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack';
  const refusal = await refusalOf(parts, caller, repository, pushing);
  if (refusal) return answer(response, refusal.status, refusal.text);
  const hooks = await openedHooks();
  const id = rest === '/git-receive-pack' ? randomBytes(16).toString('hex') : '';
  const push: Push = {
    repository,
    caller,
    leaving: new AbortController(),
    audience: new AbortController(),
    committed: false,
    endTurn: undefined,
  };
  if (id) pushes.set(id, push);
  response.once('close', () => {
    const left = new Error('the client went away');
    push.audience.abort(left);
    if (!push.committed) push.leaving.abort(left);
  });
  const backend = {
    root: parts.folder,
    path: `/${repository}.git${rest}`,
    query: url.search.slice(1),
    user: caller.name,
    push: id,
    hooks,
    mostPushBytes: MOST_PUSH_BYTES,
  };
  try {
    await serveBackend(backend, request, response, () => !push.committed);
  } finally {
    push.endTurn?.();
    pushes.delete(id);
  }
}

/** Why not, with the status that makes git show the text; makes the repository when it may be made. */
async function refusalOf(
  parts: GitParts,
  caller: Caller,
  repository: string,
  pushing: boolean,
): Promise<{ status: number; text: string } | undefined> {
  const decision = pushing ? parts.mayPush(caller) : parts.mayRead(caller);
  if (!decision.allowed) return { status: 403, text: refusalText(decision) };
  if (await exists(parts.folder, repository)) return undefined;
  if (!pushing) return { status: 404, text: `There is no repository ${repository} here.` };
  const creating = parts.namedRepositories.includes(repository) ? decision : parts.mayCreate(caller);
  if (!creating.allowed) return { status: 403, text: refusalText(creating) };
  await createRepository(parts.folder, repository);
  return undefined;
}

async function repositoriesIn(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    if (entry.name.endsWith('.git')) found.push(entry.name.slice(0, -4));
    else
      for (const inner of await readdir(join(folder, entry.name)))
        if (inner.endsWith('.git')) found.push(`${entry.name}/${inner.slice(0, -4)}`);
  }
  return found.filter((name) => REPOSITORY_NAME.test(name));
}

/** git shows the body of a refusal as `remote:` lines when it is plain text. */
function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
