/**
 * An engine that keeps its containers in memory and behaves like a real one, with levers for what goes wrong.
 * It runs no programs, but understands a script of `echo TEXT`, `exit CODE` and anything else, which runs on.
 */
import { createServer } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { type Clock, within } from '../../src/clock.ts';
import {
  type AttachRequest,
  type ContainerUsage,
  type DialRequest,
  type Engine,
  type EngineFacts,
  type ExecRequest,
  type ImageStore,
  type LogLine,
  type LogRequest,
  meant,
  type ObservedGroup,
  type ObservedMember,
  type ObservedPod,
  type Pod,
  type Published,
  type Session,
  type Step,
  type StepContext,
  type StepResult,
  type Survey,
} from '../../src/engines/index.ts';
import { type GroupKey, partsOf } from '../../src/event.ts';
import { Failure } from '../../src/failure.ts';
import { createMemoryStandby, type MemoryStandby } from './memory-standby.ts';

export interface MemoryEngine extends Engine {
  readonly standby: MemoryStandby;
  /** Every step that was asked for, in order. */
  readonly steps: readonly Step[];
  /** How many programs were run in containers. */
  readonly programsRun: number;
  /** Images that lie on the host; a pull adds to them. */
  readonly images: Set<string>;
  /** Images that the registry would give. */
  readonly registry: Set<string>;
  /** A running member ends. */
  exit(key: GroupKey, container: string, exitCode: number, more?: { outOfMemory?: boolean }): void;
  /** The sandbox ends and stays, as after the host was started anew. */
  exitSandbox(key: GroupKey): void;
  /** Somebody changes a container by hand, such as `memory 1 MiB, should be 2 MiB`. */
  change(key: GroupKey, container: string, field: string): void;
  /** Somebody removes a container by hand; '' is the sandbox. */
  lose(key: GroupKey, container: string): void;
  /** The next step of this kind fails: before it has done anything, or after it has done all. */
  failNext(kind: Step['kind'], failure: Failure, when?: 'before' | 'after'): void;
  /** Steps of this kind fail until `mend` is called. */
  failAlways(kind: Step['kind'], failure: Failure): { mend(): void };
  /** Steps of this kind wait until they are let go, or given up. */
  hold(kind: Step['kind']): { begun: Promise<void>; release(): void };
  /** Programs that are run in containers do not begin until they are let go: the host is busy. */
  holdPrograms(): { release(): void };
  /** What a program in a container of a group prints, and how it ends; undefined for one that the container has not. */
  program(key: GroupKey, container: string, run: Program): void;
  /** What answers on a port of a group from now on; nothing when there is no status. */
  answer(key: GroupKey, port: number, status: number | undefined): void;
  /** While it is out of reach every call fails and hints get lost; what runs goes on running. */
  reachable: boolean;
  /** Tells no events any more; a look now and then finds what they would have said. */
  silent: boolean;
  /** Sandboxes that ever were, with the engine's own times, also of those that were removed. */
  readonly sandboxes: readonly Readonly<Sandbox>[];
}

type Program = (command: readonly string[]) => { text: string; exitCode: number } | undefined;

export interface Sandbox {
  readonly id: string;
  readonly key: GroupKey;
  readonly meteredFromMs: number | undefined;
  readonly createdAtMs: number;
  state: 'running' | 'exited';
  finishedAtMs: number | undefined;
}

const LOOK_EVERY_MS = 30_000;

interface StoredPod {
  readonly id: string;
  readonly pod: Pod;
  sandbox: Sandbox | undefined;
  /** Only its volumes are left. */
  volumesOnly?: boolean;
  readonly members: StoredMember[];
}

interface StoredMember {
  readonly id: string;
  readonly name: string;
  readonly init: boolean;
  readonly revision: number;
  readonly fingerprint: string;
  readonly image: string;
  readonly gpus: readonly string[];
  readonly command: readonly string[];
  state: 'created' | 'running' | 'exited';
  startedAtMs: number | undefined;
  finishedAtMs: number | undefined;
  exitCode: number | undefined;
  outOfMemory: boolean;
  error: string;
  changed: string[];
  readonly lines: LogLine[];
}

interface State {
  readonly clock: Clock;
  readonly standby: MemoryStandby;
  readonly pods: StoredPod[];
  readonly steps: Step[];
  readonly images: Set<string>;
  readonly registry: Set<string>;
  readonly sandboxes: Sandbox[];
  readonly watchers: Set<(key: GroupKey) => void>;
  readonly failures: { kind: Step['kind']; failure: Failure; when: 'before' | 'after'; once: boolean }[];
  /** Group and port -> the HTTP status that is answered there. */
  readonly answers: Map<string, number>;
  /** Group and container -> the programs that it has besides. */
  readonly programs: Map<string, Program>;
  readonly holds: Map<
    Step['kind'],
    { begun: PromiseWithResolvers<void>; released: PromiseWithResolvers<void> }
  >;
  /** Resolved while programs begin at once. */
  programsBegin: Promise<void>;
  reachable: boolean;
  silent: boolean;
  programsRun: number;
  lastId: number;
  /** Resolves, and is made anew, with every line and every end. */
  stirred: PromiseWithResolvers<void>;
}

export function createMemoryEngine(
  clock: Clock,
  images: readonly string[] = ['web:1', 'web:2', 'job:1'],
): MemoryEngine {
  const state: State = {
    clock,
    standby: createMemoryStandby(
      clock,
      () => orUnreachable(state, undefined),
      () => `sandbox-${++state.lastId}`,
    ),
    pods: [],
    steps: [],
    images: new Set(images),
    registry: new Set(images),
    sandboxes: [],
    watchers: new Set(),
    failures: [],
    answers: new Map(),
    programs: new Map(),
    holds: new Map(),
    programsBegin: Promise.resolve(),
    reachable: true,
    silent: false,
    lastId: 0,
    programsRun: 0,
    stirred: Promise.withResolvers(),
  };
  return {
    gaps: [],
    describe: async () => orUnreachable(state, FACTS),
    survey: async () => orUnreachable(state, SURVEY),
    observe: async (signal, key) => {
      signal.throwIfAborted();
      return orUnreachable(state, observedGroups(state, key));
    },
    apply: (step, context) => apply(state, step, context),
    logs: (request, signal) => logs(state, request, signal),
    exec: async (request, signal) => exec(state, request, signal),
    attach: async (request, signal) => attach(state, request, signal),
    dial: async (request) => dial(state, request),
    usage: async (_signal, key) => usage(state, key),
    checkImage: async ({ image }) =>
      orUnreachable(state, state.images.has(image) || state.registry.has(image))
        ? undefined
        : imageNotFound(image),
    storedImages: async () => orUnreachable(state, imageStoreOf(state)),
    dropImage: async ({ id, tags }) => {
      const used = orUnreachable(state, imageStoreOf(state)).images.some(
        (image) => image.id === id && image.containers > 0,
      );
      return !used && tags.every((tag) => state.images.delete(tag));
    },
    standby: state.standby,
    watch: (hint) => watch(state, hint),
    close: async () => {},
    ...levers(state),
    get programsRun() {
      return state.programsRun;
    },
    get reachable() {
      return state.reachable;
    },
    set reachable(reachable) {
      state.reachable = reachable;
    },
    get silent() {
      return state.silent;
    },
    set silent(silent) {
      state.silent = silent;
    },
  };
}

function levers(state: State): Omit<MemoryEngine, keyof Engine | 'programsRun' | 'reachable' | 'silent'> {
  return {
    steps: state.steps,
    images: state.images,
    registry: state.registry,
    sandboxes: state.sandboxes,
    exit(key, container, exitCode, { outOfMemory = false } = {}) {
      const member = state.pods
        .filter(({ pod }) => pod.key === key)
        .flatMap(({ members }) => members)
        .find(({ name, state: now }) => name === container && now === 'running');
      if (!member) throw new Error(`no member ${container} of ${key} runs`);
      end(state, member, exitCode);
      member.outOfMemory = outOfMemory;
      hint(state, key);
    },
    exitSandbox(key) {
      for (const { sandbox } of state.pods.filter(({ pod }) => pod.key === key)) endSandbox(state, sandbox);
      hint(state, key);
    },
    lose(key, container) {
      for (const stored of state.pods.filter(({ pod }) => pod.key === key)) {
        const lost = stored.members.find(({ name }) => name === container);
        if (lost) stored.members.splice(stored.members.indexOf(lost), 1);
        else if (container === '') removeSandbox(state, stored);
      }
      hint(state, key);
    },
    change(key, container, field) {
      const members = state.pods.filter(({ pod }) => pod.key === key).flatMap((stored) => stored.members);
      for (const member of members.filter(({ name }) => name === container)) member.changed.push(field);
      hint(state, key);
    },
    program: (key, container, run) => void state.programs.set(`${key} ${container}`, run),
    answer(key, port, status) {
      if (status === undefined) state.answers.delete(`${key} ${port}`);
      else state.answers.set(`${key} ${port}`, status);
    },
    failNext: (kind, failure, when = 'before') =>
      void state.failures.push({ kind, failure, when, once: true }),
    failAlways(kind, failure) {
      const entry = { kind, failure, when: 'before' as const, once: false };
      state.failures.push(entry);
      return { mend: () => void state.failures.splice(state.failures.indexOf(entry), 1) };
    },
    hold(kind) {
      const hold = { begun: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
      state.holds.set(kind, hold);
      const release = () => {
        state.holds.delete(kind);
        hold.released.resolve();
      };
      return { begun: hold.begun.promise, release };
    },
    holdPrograms() {
      const { promise, resolve: release } = Promise.withResolvers<void>();
      state.programsBegin = promise;
      return { release };
    },
  };
}

const FACTS: EngineFacts = {
  version: 'memory',
  api: 0,
  cpus: 4,
  memoryBytes: 16 * 2 ** 30,
  operatingSystem: 'Linux',
  architecture: 'x86_64',
  isolation: 'none',
  isolationSaw: '',
  overheadBytes: 0,
  runtime: 'memory',
  skewMs: 0,
};

const SURVEY: Survey = {
  newestApi: 0,
  system: '',
  storage: '',
  runtimes: [],
  outlivesEngine: true,
  complaints: [],
  cdiFolders: [],
  cdiDevices: [],
  machine: 'it is none',
};

/** Each image takes a gibibyte and shares nothing. */
function imageStoreOf({ images, pods }: State): ImageStore {
  const used = pods.flatMap(({ members }) => members.map(({ image }) => image));
  const stored = [...images].map((tag) => ({
    id: `id-of-${tag}`,
    tags: [tag],
    digests: [],
    sizeBytes: 2 ** 30,
    sharedBytes: 0,
    containers: used.filter((image) => image === `id-of-${tag}`).length,
  }));
  return { images: stored, totalBytes: stored.length * 2 ** 30 };
}

function orUnreachable<T>(state: State, answer: T): T {
  if (state.reachable) return answer;
  throw new Failure('engine-unreachable', 'The engine does not answer.', { advice: 'It is tried again.' });
}

/** Events as they come, and a look now and then, because events can be lost. */
function watch(state: State, hint: (key: GroupKey) => void): { close(): void } {
  const seen = new Map<GroupKey, string>();
  let cancel = () => {};
  const look = () => {
    cancel = state.clock.after(LOOK_EVERY_MS, look);
    if (!state.reachable) return;
    for (const key of new Set([...seen.keys(), ...state.pods.map(({ pod }) => pod.key)])) {
      const digest = JSON.stringify(observedGroups(state, key).get(key) ?? '');
      if (digest !== seen.get(key)) hint(key);
      seen.set(key, digest);
    }
  };
  look();
  state.watchers.add(hint);
  return {
    close() {
      cancel();
      state.watchers.delete(hint);
    },
  };
}

function hint(state: State, key: GroupKey): void {
  state.stirred.resolve();
  state.stirred = Promise.withResolvers();
  if (!state.reachable || state.silent) return;
  for (const watcher of state.watchers) watcher(key);
}

async function apply(state: State, step: Step, context: StepContext): Promise<StepResult> {
  context.signal.throwIfAborted();
  state.steps.push(step);
  orUnreachable(state, undefined);
  throwFailure(state, step, 'before');
  const result = await act(state, step, context);
  throwFailure(state, step, 'after');
  return orUnreachable(state, result);
}

function throwFailure(state: State, step: Step, when: 'before' | 'after'): void {
  const found = state.failures.find((each) => each.kind === step.kind && each.when === when);
  if (!found) return;
  if (found.once) state.failures.splice(state.failures.indexOf(found), 1);
  throw found.failure;
}

async function act(state: State, step: Step, context: StepContext): Promise<StepResult> {
  switch (step.kind) {
    case 'pull':
      return pull(state, step.pod, context);
    case 'create-sandbox':
      await held(state, step.kind, context.signal);
      await context.report({ kind: 'sandbox-started', ...createSandbox(state, step.pod) });
      return {};
    case 'start-init':
      await held(state, step.kind, context.signal);
      return start(state, step, [step.container]);
    case 'start-members':
      await held(state, step.kind, context.signal);
      return start(state, step, step.containers);
    case 'deliver':
      return {};
    case 'remove-members':
      for (const stored of state.pods) {
        for (const id of step.ids) {
          const index = stored.members.findIndex((member) => member.id === id);
          if (index >= 0) stored.members.splice(index, 1);
        }
      }
      return {};
    case 'stop':
      await held(state, step.kind, context.signal);
      return stop(state, step.members, step.sandbox);
    case 'remove': {
      await held(state, step.kind, context.signal);
      const index = state.pods.findIndex(({ id }) => id === step.podId);
      const [gone] = index < 0 ? [] : state.pods.splice(index, 1);
      if (gone) removeSandbox(state, gone);
      if (gone && step.keepVolumes && gone.pod.group.volumes.length > 0) {
        state.pods.push({ ...gone, sandbox: undefined, members: [], volumesOnly: true });
      }
      return {};
    }
  }
}

async function held(state: State, kind: Step['kind'], signal: AbortSignal): Promise<void> {
  const hold = state.holds.get(kind);
  hold?.begun.resolve();
  if (hold) await within(signal, hold.released.promise);
}

async function pull(state: State, pod: Pod, context: StepContext): Promise<StepResult> {
  const pinned: Record<string, string> = {};
  const pulled: string[] = [];
  for (const { image } of containersOf(pod)) {
    const before = pod.images[image];
    pinned[image] = before ?? `id-of-${image}`;
    const said = { kind: 'image', image, digest: `id-of-${image}`, tookMs: 0 } as const;
    if (before || state.images.has(image)) {
      await context.report({ ...said, state: 'present' });
      continue;
    }
    await context.report({ ...said, state: 'pulling', digest: '' });
    await held(state, 'pull', context.signal);
    if (!state.registry.has(image)) {
      throw imageNotFound(image);
    }
    state.images.add(image);
    pulled.push(image);
    await context.report({ ...said, state: 'pulled' });
  }
  return { images: pinned, pulled };
}

function imageNotFound(image: string): Failure {
  return new Failure('image-not-found', `The image ${image} was not found.`, {
    advice: 'Check its name.',
    about: { image },
  });
}

function containersOf(pod: Pod) {
  return [...pod.group.initContainers, ...pod.group.containers];
}

/** Named as the real one names it, so that a repeated step finds its own work. */
function podIdOf(pod: Pod): string {
  const { environment, name } = partsOf(pod.key);
  return `memory.${environment}.${name}.r${pod.podRevision}`;
}

function createSandbox(state: State, pod: Pod): { sandboxId: string; standby?: true } {
  refuseTakenPort(state, pod);
  let stored = state.pods.find(({ id }) => id === podIdOf(pod));
  if (!stored) {
    stored = { id: podIdOf(pod), pod, sandbox: undefined, members: [] };
    state.pods.push(stored);
  }
  stored.volumesOnly = false;
  const adopted = stored.sandbox ? undefined : state.standby.takeOver(pod);
  if (!stored.sandbox) {
    stored.sandbox = {
      id: adopted ?? `sandbox-${++state.lastId}`,
      key: pod.key,
      meteredFromMs: adopted ? state.clock.now() : pod.meteredFromMs,
      createdAtMs: state.clock.now(),
      state: 'running',
      finishedAtMs: undefined,
    };
    state.sandboxes.push(stored.sandbox);
  }
  return { sandboxId: stored.sandbox.id, ...(adopted ? { standby: true } : {}) };
}

function refuseTakenPort(state: State, pod: Pod): void {
  const isSame = (one: Published) => (other: Published) =>
    one.address === other.address && one.protocol === other.protocol && one.hostPort === other.hostPort;
  const holder = state.pods.find(
    (each) =>
      each.id !== podIdOf(pod) &&
      each.sandbox?.state === 'running' &&
      each.pod.published.some((place) => pod.published.some(isSame(place))),
  );
  if (!holder) return;
  throw new Failure(
    'port-taken',
    `The port is taken on the host. It is held by the group ${holder.pod.key}.`,
    {
      advice: 'Publish another one.',
    },
  );
}

function start(
  state: State,
  { pod, sandboxId }: { pod: Pod; sandboxId: string },
  names: readonly string[],
): StepResult {
  const stored = state.pods.find(({ id }) => id === podIdOf(pod));
  if (stored?.sandbox?.state !== 'running' || stored.sandbox.id !== sandboxId) {
    throw new Failure('engine-refused', 'The sandbox to join does not run.', {
      advice: 'It is tried again.',
    });
  }
  for (const container of containersOf(pod).filter(({ name }) => names.includes(name))) {
    const fingerprint = pod.memberFingerprints[container.name] ?? '';
    let member = stored.members.find(
      (each) => each.name === container.name && each.fingerprint === fingerprint,
    );
    if (!member) {
      member = {
        id: `container-${++state.lastId}`,
        name: container.name,
        init: !('resources' in container),
        revision: pod.revision,
        fingerprint,
        image: pod.images[container.image] ?? container.image,
        gpus: pod.gpus[container.name] ?? [],
        command: container.command ?? [],
        state: 'created',
        startedAtMs: undefined,
        finishedAtMs: undefined,
        exitCode: undefined,
        outOfMemory: false,
        error: '',
        changed: [],
        lines: [],
      };
      stored.members.push(member);
    }
    if (member.state !== 'running') run(state, pod.key, member);
  }
  return {};
}

/** What the script of a member says and how it ends; a script that does not end runs on. */
function run(state: State, key: GroupKey, member: StoredMember): void {
  const [program = '', , script = ''] = member.command;
  if (program.startsWith('/no-such')) {
    member.error = `exec: "${program}": no such file`;
    throw new Failure('command-not-found', `The command does not exist in the image: ${program}.`, {
      advice: 'Check it.',
    });
  }
  Object.assign(member, {
    state: 'running',
    startedAtMs: Math.max(state.clock.now(), (member.finishedAtMs ?? 0) + 1), // two runs never begin at once
    finishedAtMs: undefined,
    exitCode: undefined,
  });
  member.outOfMemory = false;
  for (const statement of script.split(/[;\n]/).map((each) => each.trim())) {
    const [word, ...rest] = statement.split(' ');
    const text = rest.join(' ').replace(/ >&2$/, '');
    const stream = statement.endsWith('>&2') ? 'stderr' : 'stdout';
    if (word === 'echo')
      member.lines.push({
        container: member.name,
        revision: member.revision,
        stream,
        timestamp: timestampOf(state),
        text,
      });
    else if (word === 'exit') end(state, member, Number(rest[0] ?? 0));
    else if (word) break;
  }
  hint(state, key);
}

function timestampOf(state: State): string {
  return new Date(state.clock.now())
    .toISOString()
    .replace('Z', `${String(++state.lastId).padStart(6, '0')}Z`);
}

function end(state: State, member: StoredMember, exitCode: number): void {
  const finishedAtMs = Math.max(state.clock.now(), member.startedAtMs ?? 0);
  Object.assign(member, { state: 'exited', finishedAtMs, exitCode });
}

function stop(state: State, members: readonly string[], sandbox: string): StepResult {
  for (const stored of state.pods) {
    for (const member of stored.members) {
      if (!members.includes(member.id) || member.state !== 'running') continue;
      end(state, member, 143);
      hint(state, stored.pod.key);
    }
    if (stored.sandbox?.id === sandbox) endSandbox(state, stored.sandbox);
  }
  return {};
}

function endSandbox(state: State, sandbox: Sandbox | undefined): void {
  if (sandbox?.state !== 'running') return;
  sandbox.state = 'exited';
  sandbox.finishedAtMs = state.clock.now();
}

function removeSandbox(state: State, stored: StoredPod): void {
  endSandbox(state, stored.sandbox);
  state.standby.forget(stored.sandbox?.id ?? '');
  stored.sandbox = undefined;
}

function observedGroups(state: State, key: GroupKey | undefined): Map<GroupKey, ObservedGroup> {
  const groups = new Map<GroupKey, ObservedPod[]>();
  for (const stored of state.pods) {
    if (key !== undefined && stored.pod.key !== key) continue;
    groups.set(stored.pod.key, [...(groups.get(stored.pod.key) ?? []), observedPod(stored)]);
  }
  return new Map(
    [...groups].map(([each, pods]) => [
      each,
      { key: each, pods: pods.toSorted((a, b) => a.createdAtMs - b.createdAtMs) },
    ]),
  );
}

function observedPod({ id, pod, sandbox, members, volumesOnly = false }: StoredPod): ObservedPod {
  return {
    id,
    revision: pod.podRevision,
    fingerprint: sandbox || volumesOnly ? pod.fingerprint : '',
    state: sandbox?.state ?? 'absent',
    sandboxId: sandbox?.id ?? '',
    address: pod.address,
    published: pod.published,
    subnet: pod.subnet,
    createdAtMs: sandbox?.createdAtMs ?? 0,
    ...(sandbox?.meteredFromMs === undefined ? {} : { meteredFromMs: sandbox.meteredFromMs }),
    ...(sandbox?.finishedAtMs === undefined ? {} : { finishedAtMs: sandbox.finishedAtMs }),
    members: members.map(observedMember),
  };
}

function observedMember({
  command: _,
  lines: __,
  startedAtMs,
  finishedAtMs,
  exitCode,
  ...rest
}: StoredMember): ObservedMember {
  return {
    ...rest,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(finishedAtMs === undefined ? {} : { finishedAtMs }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

async function* logs(state: State, request: LogRequest, signal: AbortSignal): AsyncGenerator<LogLine> {
  const told = new Map<string, number>();
  const sources = () =>
    meantPods(state, request)
      .flatMap(({ members }) => members)
      .filter(({ id, name }) => (request.container ?? name) === name && (request.member ?? id) === id);
  const inWindow = ({ timestamp }: LogLine) => {
    const atMs = Date.parse(timestamp);
    return atMs >= (request.sinceMs ?? 0) && atMs < (request.untilMs ?? Number.POSITIVE_INFINITY);
  };
  for (const { id, lines } of sources()) {
    told.set(id, request.tail === undefined ? 0 : Math.max(0, lines.length - request.tail));
  }
  for (;;) {
    const stirred = state.stirred.promise;
    const fresh = sources().flatMap(({ id, lines }) => {
      const from = told.get(id) ?? 0;
      told.set(id, lines.length);
      return lines.slice(from).filter(inWindow);
    });
    yield* fresh.toSorted((a, b) => a.timestamp.localeCompare(b.timestamp));
    if (!request.follow || signal.aborted) return;
    await within(signal, stirred).catch(() => {});
    if (signal.aborted) return;
  }
}

function meantPods(
  state: State,
  { key, upTo }: { readonly key: GroupKey; readonly upTo?: number },
): StoredPod[] {
  const own = state.pods.filter(({ pod }) => pod.key === key);
  return meant(own, ({ pod }) => pod.podRevision, upTo);
}

/** A running member, or the failure that the real engine would give. */
function runningMember(state: State, which: ExecRequest | AttachRequest): StoredMember {
  orUnreachable(state, undefined);
  const { key, container } = which;
  const members = meantPods(state, which).flatMap((stored) => stored.members);
  const wanted = members.find(({ name }) => name === container);
  if (wanted?.state === 'running') return wanted;
  if (wanted) {
    throw new Failure('container-not-running', `${container} does not run: ${wanted.state}.`, {
      advice: 'Start the group.',
    });
  }
  throw new Failure('container-unknown', `There is no container "${container}" in ${key}.`, {
    advice: `It has ${members.map(({ name }) => name).join(', ')}.`,
  });
}

/** Understands `sh -c` with a script of `echo TEXT`, `echo TEXT >&2` and `exit CODE`, `cat`, which gives its input back, and `yes`, which prints a mebibyte. */
function exec(state: State, request: ExecRequest, signal: AbortSignal): Session {
  const { key, container, command } = request;
  runningMember(state, request);
  const [program = '', , script = ''] = command;
  state.programsRun++;
  const said: { stream: 'stdout' | 'stderr'; bytes: Uint8Array }[] = [];
  const own = state.programs.get(`${key} ${container}`)?.(command);
  let exitCode = own?.exitCode ?? 0;
  if (own) said.push({ stream: own.exitCode ? 'stderr' : 'stdout', bytes: Buffer.from(own.text) });
  if (program.startsWith('no-such') || program.startsWith('/no-such')) {
    throw new Failure('command-not-found', `There is no program ${program} in the container.`, {
      advice: 'Name it with its path.',
    });
  }
  for (const statement of script.split(/[;\n]/).map((each) => each.trim())) {
    const [word, ...rest] = statement.split(' ');
    const stream = statement.endsWith('>&2') ? 'stderr' : 'stdout';
    if (word === 'echo')
      said.push({ stream, bytes: Buffer.from(`${rest.join(' ').replace(/ >&2$/, '')}\n`) });
    if (word === 'exit') exitCode = Number(rest[0] ?? 0);
  }
  const input = createInput();
  const begins = state.programsBegin;
  const output = async function* () {
    await begins;
    yield* said;
    if (program === 'yes')
      for (let sent = 0; sent < 1024; sent++)
        yield { stream: 'stdout' as const, bytes: Buffer.alloc(1024, 'y\n') };
    if (program !== 'cat') return;
    for await (const bytes of input.read(signal)) yield { stream: 'stdout' as const, bytes };
  };
  return {
    begun: () => begins,
    output: output(),
    exitCode: Promise.resolve(exitCode),
    write: async (bytes) => input.push(bytes),
    endInput: () => input.end(),
    resize: async () => {},
    close: () => input.end(),
  };
}

function createInput() {
  const waiting: Uint8Array[] = [];
  let closed = false;
  let stirred = Promise.withResolvers<void>();
  const stir = () => {
    stirred.resolve();
    stirred = Promise.withResolvers();
  };
  return {
    push(bytes: Uint8Array) {
      waiting.push(bytes);
      stir();
    },
    end() {
      closed = true;
      stir();
    },
    async *read(signal: AbortSignal): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield* waiting.splice(0);
        if (closed) return;
        await within(signal, stirred.promise);
      }
    },
  };
}

function attach(state: State, request: AttachRequest, signal: AbortSignal): Session {
  const member = runningMember(state, request);
  const { promise: exitCode, resolve } = Promise.withResolvers<number>();
  let told = member.lines.length;
  const output = async function* () {
    for (;;) {
      const { promise } = state.stirred;
      for (const { stream, text } of member.lines.slice(told))
        yield { stream, bytes: Buffer.from(`${text}\n`) };
      told = member.lines.length;
      if (member.state !== 'running') return resolve(member.exitCode ?? 0);
      await within(signal, promise);
    }
  };
  return {
    begun: async () => {},
    output: output(),
    exitCode,
    write: async () => {},
    endInput() {},
    resize: async () => {},
    close() {},
  };
}

/** Answers HTTP with the status that the test has set; without one nobody listens. */
function dial(state: State, { key, port }: DialRequest): Duplex {
  orUnreachable(state, undefined);
  const [near, far] = duplexPair();
  near.on('error', () => {}); // whoever uses it looks at `errored`
  const status = state.answers.get(`${key} ${port}`);
  if (status === undefined) near.destroy(new Error('connection refused'));
  else createServer((_, response) => response.writeHead(status).end()).emit('connection', far);
  return near;
}

function usage(state: State, key: GroupKey | undefined): Map<GroupKey, ContainerUsage[]> {
  orUnreachable(state, undefined);
  const pods = state.pods.filter(({ pod }) => key === undefined || pod.key === key);
  return new Map(
    [...Map.groupBy(pods, ({ pod }) => pod.key)].map(([each, own]) => [
      each,
      own
        .flatMap(({ pod, members }) => members.map((member) => ({ ...member, ...pod })))
        .filter((member) => member.state === 'running')
        .map(({ name, podRevision }) => ({
          container: name,
          podRevision,
          cpuMilli: 10,
          memoryBytes: 2 ** 20,
          memoryLimitBytes: 100 * 2 ** 20,
          processes: 1,
          receivedBytes: 0,
          sentBytes: 0,
        })),
    ]),
  );
}
