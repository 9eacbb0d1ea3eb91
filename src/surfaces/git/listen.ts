import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import type { Caller, Decision } from '../../policy/index.ts';
import { drawPlain } from '../../replies/index.ts';
import { createRepository, exists, repositoriesIn } from '../../repositories/index.ts';
import { serveBackend } from './backend.ts';
import { basicOf } from './caller.ts';
import { checkPush } from './check-push.ts';
import { catchUp, deployPush } from './deploy-push.ts';
import { type HookCall, type Hooks, openHooks } from './hooks.ts';
import { createPush, leavePush, type Push, type PushParts, type Show, tellThrown } from './push.ts';
import { type Route, routeOf } from './route.ts';
import { createTurns } from './turns.ts';

export interface GitParts extends Omit<PushParts, 'turns'> {
  readonly authenticate: (user: string, token: string) => Promise<Caller | undefined>;
  readonly mayRead: (caller: Caller, repository: string) => Decision;
  readonly mayPush: (caller: Caller, repository: string) => Decision;
  readonly mayCreate: (caller: Caller, repository: string) => Decision;
  /** Repositories of the settings: made at their first push, by anybody who may push. */
  readonly namedRepositories: readonly string[];
  /** Repositories that live elsewhere: nobody pushes to them here. */
  readonly watchedRepositories?: readonly string[];
  /** The largest pack of a push; 64 MiB unless given. */
  readonly mostPushBytes?: number;
  /** Where the hooks and their socket lie while the surface runs; must allow programs. The system's own unless given. */
  readonly temporaryFolder?: string;
}

export interface GitSurface {
  /** Serves `/git/NAME.git/...` */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Deploys what was pushed, and removes what was deleted, while the bot could not finish. */
  catchUp(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What the surface knows while it runs. */
interface Desk {
  readonly parts: GitParts & PushParts;
  /** Every request under way, fetches too. */
  readonly requests: Set<Push>;
  /** Pushes by their one-time names. */
  readonly pushes: Map<string, Push>;
  readonly hooks: () => Promise<Hooks>;
}

interface Refusal {
  readonly status: number;
  readonly text: string;
}

const MOST_PUSH_BYTES = 64 * 1024 * 1024;
const MOST_REQUESTS = 100;

/** Git over HTTP: pushes are checked before the ref moves, and deploy after it has. */
export function createGitSurface(given: GitParts): GitSurface {
  const pushes = new Map<string, Push>();
  const running = new Set<Promise<void>>();
  let opened: Promise<Hooks> | undefined;
  let closing = false;
  const parts = { ...given, turns: createTurns() };
  const open = () =>
    openHooks(parts.temporaryFolder ?? tmpdir(), (call, tell) =>
      answerHook(parts, pushes.get(call.push), call, tell),
    );
  // Folders for temporary files are swept on some systems; a push must never meet a hook that is gone.
  const hooks = () => {
    opened = (opened?.catch(open) ?? open()).then(async (made) => {
      if (await made.whole()) return made;
      void made.close(); // in its own time: a push may still speak through it
      return open();
    });
    return opened;
  };
  const desk: Desk = { parts, requests: new Set(), pushes, hooks };
  const tracked = (work: Promise<void>) => {
    const ended = work.finally(() => running.delete(ended));
    running.add(ended);
    return ended;
  };
  return {
    handle(request, response) {
      if (!closing) return tracked(handle(desk, request, response));
      answer(response, { status: 503, text: 'The bot is stopping. Push again in a moment.' });
      return Promise.resolve();
    },
    catchUp: (signal) => tracked(catchUpAll(parts, signal)),
    async close() {
      closing = true;
      for (const push of desk.requests) leavePush(push, 'The bot is stopping.');
      await Promise.allSettled(running);
      await (await opened)?.close();
    },
  };
}

async function catchUpAll(parts: PushParts, signal: AbortSignal): Promise<void> {
  for (const repository of await repositoriesIn(parts.folder)) await catchUp(parts, repository, signal);
}

async function handle(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = routeOf(request.url ?? '');
  if (!route) return answer(response, NO_SUCH_PLACE);
  if (desk.requests.size >= MOST_REQUESTS) return answer(response, BUSY);
  const given = basicOf(request.headers.authorization);
  const caller = given && (await desk.parts.authenticate(given.user, given.token));
  if (!caller) {
    response.setHeader('www-authenticate', 'Basic realm="katabot", charset="UTF-8"');
    return answer(response, { status: 401, text: given ? WRONG_TOKEN : NO_TOKEN });
  }
  const refusal = await refusalOf(desk.parts, caller, route);
  if (refusal) return answer(response, refusal);
  const push = createPush(route.repository, caller);
  const left = () => leavePush(push, 'The client went away.');
  response.once('close', left);
  if (response.closed) return left();
  desk.requests.add(push);
  try {
    await serve(desk, push, route, request, response);
  } catch (error) {
    if (!push.leaving.signal.aborted) answer(response, internal(desk.parts.reportInternal(error)));
  } finally {
    left(); // a check that is still under way has nobody left to check for
    push.endTurn();
    desk.requests.delete(push);
  }
  // git died after the check and before post-receive: the branch may have moved, and nobody was told.
  if (push.committed && !push.handedOver) {
    await catchUp(desk.parts, push.repository, new AbortController().signal);
  }
}

const NO_SUCH_PLACE: Refusal = {
  status: 404,
  text: 'A repository is /git/NAME.git, with lower-case letters, digits and hyphens, at most one slash.',
};
const BUSY: Refusal = { status: 503, text: 'Too many clients are served already. Try again in a moment.' };
const WRONG_TOKEN = 'This user and token do not belong together.';
const NO_TOKEN = 'Say who you are: user name and token. `katabot token create NAME` makes one.';

function internal(reference: string): Refusal {
  return { status: 500, text: `Something went wrong inside the bot (reference ${reference}).` };
}

/** Why not, with the status that makes git show the text; makes the repository when it may be made. */
async function refusalOf(
  parts: GitParts,
  caller: Caller,
  { repository, pushing }: Route,
): Promise<Refusal | undefined> {
  const decision = pushing ? parts.mayPush(caller, repository) : parts.mayRead(caller, repository);
  if (!decision.allowed) return { status: 403, text: `${decision.message} ${decision.advice}` };
  if (parts.watchedRepositories?.includes(repository)) {
    return { status: 403, text: `${repository} is watched, not hosted here: push to where it lives.` };
  }
  if (await exists(parts.folder, repository)) return undefined;
  if (!pushing) return { status: 404, text: `There is no repository ${repository} here.` };
  const creating = parts.namedRepositories.includes(repository)
    ? decision
    : parts.mayCreate(caller, repository);
  if (!creating.allowed) return { status: 403, text: `${creating.message} ${creating.advice}` };
  await createRepository(parts.folder, repository);
  return undefined;
}

async function serve(
  { parts, pushes, hooks }: Desk,
  push: Push,
  { repository, rest, query }: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const id = rest === '/git-receive-pack' ? randomBytes(16).toString('hex') : '';
  const backend = {
    root: parts.folder,
    path: `/${repository}.git${rest}`,
    query,
    user: push.caller.name,
    push: id,
    hooks: await hooks(),
    mostPushBytes: parts.mostPushBytes ?? MOST_PUSH_BYTES,
  };
  if (id) pushes.set(id, push);
  try {
    await serveBackend(backend, request, response, push.leaving.signal);
  } finally {
    pushes.delete(id);
  }
}

/** git shows the body of a refusal as `remote:` lines when it is plain text. */
function answer(response: ServerResponse, { status, text }: Refusal): void {
  if (response.headersSent) {
    response.destroy(); // too late for words; a cut connection at least does not look like success
    return;
  }
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text.trim()}\n`);
}

/** The exit code of a hook, with lines said on the way. Never throws. */
async function answerHook(
  parts: PushParts,
  push: Push | undefined,
  call: HookCall,
  tell: (text: string) => void,
): Promise<number> {
  if (!push) return 1;
  const show: Show = (block) => {
    for (const line of drawPlain(block)) tell(line);
  };
  try {
    if (call.hook === 'pre-receive') return (await checkPush(parts, push, call, show)) ? 0 : 1;
    await deployPush(parts, push, call, show);
    return 0;
  } catch (error) {
    // What a check throws after it was told to end is only the echo of that.
    tellThrown(parts, push.leaving.signal.aborted ? push.leaving.signal.reason : error, show);
    return 1;
  }
}
