import type { Session, TerminalSize } from '../engines/index.ts';
import { type GroupKey, groupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Caller, Right } from '../policy/index.ts';
import { maskOf, type Wish } from '../reconciler/index.ts';
import type { Mask } from '../spec/index.ts';
import type { Ground } from './ground.ts';
import { hostOf } from './locations.ts';

/** A way into a running container: a program beside its own, or its own output. */
export interface SessionRequest {
  readonly environment: string;
  readonly group: string;
  /** '' when the group has one container only. */
  readonly container: string;
  readonly input: boolean;
}

export interface ExecSessionRequest extends SessionRequest {
  readonly command: readonly string[];
  readonly terminal?: TerminalSize;
  /** Said again, in an environment that asks before it is changed. */
  readonly yes: boolean;
}

/** Opens sessions for callers that may have them. Every way throws a Failure that says why not. */
export interface Sessions {
  exec(caller: Caller, request: ExecSessionRequest, signal: AbortSignal): Promise<Session>;
  attach(caller: Caller, request: SessionRequest, signal: AbortSignal): Promise<Session>;
  /** Whether one would be opened now, without opening it. */
  admit(caller: Caller, asked: AskedSession): Promise<void>;
}

/** A session and what it is for. */
export type AskedSession =
  | { readonly kind: 'exec'; readonly request: ExecSessionRequest }
  | { readonly kind: 'attach'; readonly request: SessionRequest };

export function createSessions(ground: Ground): Sessions {
  return {
    async exec(caller, request, signal) {
      const { wish, container } = await admitExec(ground, caller, request);
      const mask = await maskOf(ground.desired, wish.key);
      const { command, input, terminal } = request;
      const which = { key: wish.key, container, upTo: wish.revision.number };
      const asked = { ...which, command, input, ...(terminal ? { terminal } : {}) };
      return masked(await hostOf(ground, wish).engine.exec(asked, signal), mask);
    },
    async attach(caller, request, signal) {
      const { wish, container } = await admitAttach(ground, caller, request);
      const mask = await maskOf(ground.desired, wish.key);
      const attached = { key: wish.key, container, upTo: wish.revision.number, input: request.input };
      return masked(await hostOf(ground, wish).engine.attach(attached, signal), mask);
    },
    async admit(caller, asked) {
      if (asked.kind === 'exec') await admitExec(ground, caller, asked.request);
      else await admitAttach(ground, caller, asked.request);
    },
  };
}

interface Admitted {
  readonly wish: Wish;
  readonly container: string;
}

async function admitExec(ground: Ground, caller: Caller, request: ExecSessionRequest): Promise<Admitted> {
  const admitted = await found(ground, caller, request, 'operator', 'exec');
  if (!request.yes && ground.policy.isProtected(request.environment)) {
    throw new Failure('confirmation-needed', `${request.environment} is protected.`, {
      advice: `katabot exec ${request.group}/${admitted.container} in ${request.environment} --yes -- ${request.command.join(' ')}`,
    });
  }
  return admitted;
}

function admitAttach(ground: Ground, caller: Caller, request: SessionRequest): Promise<Admitted> {
  return found(ground, caller, request, 'reader', 'attach');
}

/** Secrets are for the programs in a container; on a screen they are shown to more people than one. */
function masked(session: Session, mask: Mask): Session {
  const streams = { stdout: mask.stream(), stderr: mask.stream() };
  async function* output(): Session['output'] {
    for await (const { stream, bytes } of session.output) {
      const shown = streams[stream].take(bytes);
      if (shown.length) yield { stream, bytes: shown };
    }
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = streams[stream].end();
      if (rest.length) yield { stream, bytes: rest };
    }
  }
  return { ...session, output: output() };
}

async function found(
  ground: Ground,
  caller: Caller,
  { environment, group, container }: SessionRequest,
  needed: Right,
  deed: string,
): Promise<Admitted> {
  const key = groupKey(environment, group);
  const wish = await ground.desired.get(key);
  const place = { environment, ...(wish ? { repository: wish.repository } : {}) };
  const decision = ground.policy.decide(caller, needed, deed, place);
  if (!decision.allowed) throw new Failure(decision.code, decision.message, { advice: decision.advice });
  if (!wish) {
    throw new Failure('group-unknown', `There is no group ${key}.`, {
      advice: 'katabot status lists the groups.',
    });
  }
  return { wish, container: container || onlyContainer(wish, key, deed) };
}

function onlyContainer({ revision }: Wish, key: GroupKey, deed: string): string {
  const names = revision.group.containers.map(({ name }) => name);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new Failure('usage', `${key} has ${names.length} containers: which one?`, {
    advice: names.map((name) => `katabot ${deed} ${revision.group.name}/${name}`).join('   '),
  });
}
