import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import type { Fact } from '../../event.ts';
import { Failure } from '../../failure.ts';
import { isServerOf, type RegistryCredential, registryOf } from '../../spec/index.ts';
import { causeOf, statusOf } from './causes.ts';
import { prunedFailure, pullFailure } from './pull-causes.ts';
import { unfitImage, type WindowsHost } from './windows.ts';

export interface PulledImage {
  /** What containers are made from: the image's own id, so that a tag that moves changes nothing that runs. */
  readonly pinned: string;
  /** `repo@sha256:…` when the image came from a registry, otherwise the image's id. */
  readonly digest: string;
  /** As images spell it, such as amd64. */
  readonly architecture: string;
  /** Such as linux; '' where the engine says none. */
  readonly os: string;
  /** Of an image for Windows, such as 10.0.20348.2700. */
  readonly osVersion: string;
  /** It was not on the host before. */
  readonly isNew: boolean;
}

/**
 * Makes sure that an image is on the host. An image that is present is used as it is, except a `latest`
 * (written or meant), which is asked for anew each time. With `pinned` it has to be that very image.
 */
export async function ensureImage(
  docker: Docker,
  image: string,
  credentials: readonly RegistryCredential[],
  context: {
    signal: AbortSignal;
    report(fact: Fact): Promise<void>;
    now(): number;
    /** The host's, in the engine's own spelling. */
    architecture: string;
    /** Where the host runs Windows containers. */
    windows?: WindowsHost | undefined;
    /** What an earlier revision ran under that name. */
    pinned?: string | undefined;
  },
): Promise<PulledImage> {
  const startedAtMs = context.now();
  const told = async (state: 'present' | 'pulled', found: PulledImage) => {
    const unfit = context.windows && unfitImage(image, found, context.windows);
    if (unfit) throw unfit;
    const tookMs = context.now() - startedAtMs;
    const foreign = isForeign(found.architecture, context.architecture)
      ? { foreign: found.architecture }
      : {};
    await context.report({ kind: 'image', image, state, digest: found.digest, tookMs, ...foreign });
    return found;
  };
  const { pinned } = context;
  const present = await presentImage(docker, pinned ?? image);
  if (present && (pinned || !isLatest(image))) return told('present', present);
  const login = loginFor(image, credentials);
  // Somebody may have brought the same image under another name: it is not the bot's then.
  const before = new Set((await docker.listImages({ all: true })).map(({ Id }) => Id));
  try {
    await context.report({ kind: 'image', image, state: 'pulling', digest: '', tookMs: 0 });
    await pull(docker, image, login, context);
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    // A `latest` whose registry is out of reach: what is here is the latest there is.
    if (present) return told('present', present);
    const failure = pullFailure(error, image, login?.server);
    throw pinned ? prunedFailure(image, pinned, failure) : failure;
  }
  const pulled = await presentImage(docker, image);
  if (!pulled) {
    throw new Failure('image-not-found', `The image ${image} vanished right after it was pulled.`, {
      advice: 'It is tried again by itself. Does something on the host remove images?',
      about: { image },
    });
  }
  if (pinned && pulled.pinned !== pinned) throw prunedFailure(image, pinned);
  return told('pulled', { ...pulled, isNew: !before.has(pulled.pinned) });
}

export async function presentImage(docker: Docker, image: string): Promise<PulledImage | undefined> {
  try {
    const { Id, RepoDigests, Architecture, Os = '', OsVersion = '' } = await docker.getImage(image).inspect();
    const digest = RepoDigests?.[0] ?? Id;
    return { pinned: Id, digest, architecture: Architecture, os: Os, osVersion: OsVersion, isNew: false };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw causeOf(error, `to look for ${image}`);
  }
}

/** Told, never refused: a host may have an emulator for it. */
export function isForeign(image: string, host: string): boolean {
  const known = FAMILIES.find((family) => family.includes(host.toLowerCase()));
  return known !== undefined && image !== '' && !known.includes(image.toLowerCase());
}

/** Hosts and images spell processors differently; those of one family run each other's programs. */
const FAMILIES: readonly (readonly string[])[] = [
  ['x86_64', 'amd64', 'x86', '386', 'i386', 'i686'],
  ['aarch64', 'arm64', 'arm'],
];

export function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

export function loginFor(
  image: string,
  credentials: readonly RegistryCredential[],
): RegistryCredential | undefined {
  const registry = registryOf(image);
  return credentials.find(
    ({ server, username, password }) => username && password && isServerOf(server, registry),
  );
}

async function pull(
  docker: Docker,
  image: string,
  login: RegistryCredential | undefined,
  context: { signal: AbortSignal; report(fact: Fact): Promise<void> },
): Promise<void> {
  const named = isLatest(image) && !/:latest$/.test(image) ? `${image}:latest` : image; // without a tag the API pulls them all
  const stream = await within(context.signal, docker.pull(named, authOf(login)));
  const progress = layerProgress((percent) => void context.report({ kind: 'pull-progress', image, percent }));
  let refusal = '';
  // Once an answer has begun it cannot become an error any more: the engine writes the error into it.
  const follow = (event: LayerEvent) => {
    refusal ||= event.error ?? '';
    progress(event);
  };
  const done = new Promise<void>((resolve, reject) => {
    const ended = (error: Error | null) =>
      error || refusal ? reject(error ?? new Error(refusal)) : resolve();
    docker.modem.followProgress(stream, ended, follow);
  });
  await within(context.signal, done);
}

/** The login as the engine is told it. */
export function authOf(login: RegistryCredential | undefined) {
  const { username, password, server = '' } = login ?? {};
  if (!username || !password) return {};
  return { authconfig: { username, password: password.reveal(), serveraddress: server } };
}

interface LayerEvent {
  error?: string;
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
}

/** Layers download side by side; tells each tenth of the whole once. */
export function layerProgress(tell: (percent: number) => void): (event: LayerEvent) => void {
  const layers = new Map<string, { current: number; total: number }>();
  let told = 0;
  return (event) => {
    if (!event.id || event.status !== 'Downloading') return;
    layers.set(event.id, {
      current: event.progressDetail?.current ?? 0,
      total: event.progressDetail?.total ?? 0,
    });
    const all = [...layers.values()];
    const total = all.reduce((sum, layer) => sum + layer.total, 0);
    const percent =
      total > 0 ? Math.floor((all.reduce((sum, layer) => sum + layer.current, 0) / total) * 10) * 10 : 0;
    if (percent <= told) return;
    told = percent;
    tell(percent);
  };
}
