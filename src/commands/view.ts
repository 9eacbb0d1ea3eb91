import type { ObservedGroup, ObservedPod, Published } from '../engines/index.ts';
import { type Event, partsOf } from '../event.ts';
import type { Prices } from '../metering/index.ts';
import { type Bill, bill, type Interval, type Money, rate, sizeOf } from '../metering/index.ts';
import { type Health, partedBy, type Run, triedOf, type Wish, waitsForRoom } from '../reconciler/index.ts';
import {
  type DomainView,
  gpuWaitWords,
  type PrivatePlace,
  roomWaitWords,
  type Suggestion,
} from '../replies/index.ts';
import { type Cause, exitCause, failureCause, troubleOf } from './cause.ts';
import { type ContainerView, containerView } from './container-view.ts';
import { waitingTold } from './line.ts';
import { mendOf } from './mend.ts';

/** A group as people look at it, with ACI's names for states. Plain data: text and JSON are both made from it. */
export interface GroupView {
  readonly name: string;
  readonly environment: string;
  readonly location: string;
  /** The machine of the location; '' while the group waits for room. */
  readonly host: string;
  readonly repository: string;
  readonly revision: number;
  readonly commit: string;
  /** ACI's group states, and Deleting; Unknown while the engine does not answer. */
  readonly state: 'Pending' | 'Running' | 'Stopped' | 'Succeeded' | 'Failed' | 'Deleting' | 'Unknown';
  readonly by: string;
  readonly expiresAtMs: number | null;
  readonly address: string;
  readonly ports: readonly string[];
  /** Where each port is reached. */
  readonly published: readonly Published[];
  /** Absent for a group that has a network of its own. */
  readonly private?: PrivatePlace;
  readonly fqdn: string;
  readonly url: string;
  /** Absent for a group without domains of its own. */
  readonly domains?: readonly DomainView[];
  readonly containers: readonly ContainerView[];
  readonly rate: { perSecond: Money; perHour: Money };
  readonly bill: Bill;
  /** What was seen of its isolation when its sandbox was made; absent where nothing is required. */
  readonly isolation?: { readonly level: string; readonly saw: string };
  /** The GPUs that others hold and that it goes on with, such as `2 × V100 of office (1 free), first in line`. */
  readonly waitsFor?: string;
  /** Why the newest revision does not run, if it does not. */
  readonly failure?: FailureView;
  /** The revision that serves, when it is not the newest one. */
  readonly serving?: number;
  /** The revision that is being tried beside it. */
  readonly coming?: number;
}

export interface FailureView {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  readonly container?: string;
  readonly exitCode?: number;
  /** The file and the property to change, such as `properties.containers[0].properties.image`. */
  readonly place?: { readonly file: string; readonly path: string };
  readonly suggestion?: Suggestion;
}

export interface ViewSources {
  readonly wish: Wish;
  /** `unknown` when the engine does not answer. */
  readonly observed: ObservedGroup | undefined | 'unknown';
  readonly runs: readonly Run[];
  readonly intervals: readonly Interval[];
  /** What the probes of its runs say. */
  readonly health: readonly Health[];
  /** The group's newest events, oldest first. */
  readonly events: readonly Event[];
  readonly prices: Prices;
  readonly urlOf: (fqdn: string) => string;
  readonly domains?: readonly DomainView[];
  /** Of a group that joins a network. */
  readonly private?: PrivatePlace | undefined;
  readonly nowMs: number;
}

/** Pure: the same sources give the same view. */
export function viewOf(sources: ViewSources): GroupView {
  const { wish, observed, events } = sources;
  const { group, number, commit } = wish.revision;
  const pod = observed === 'unknown' ? undefined : partedBy(wish, observed).serving?.pods.at(-1);
  const containers = [...group.initContainers, ...group.containers].map(({ name, image }) =>
    containerView(name, image, pod, sources),
  );
  const failed = events.findLast((event) => event.revision === number && event.fact.kind === 'failed')?.fact;
  const newest = events.findLast((event) => event.revision === number)?.fact;
  const isolation = events.findLast(({ fact }) => fact.kind === 'isolation')?.fact;
  const isDown = wish.settled === null && failed?.kind === 'failed';
  const cause = isDown ? failureCause(failed) : (exitIn(sources, pod) ?? givenUp(sources));
  const coming = triedOf(wish)?.revision.number;
  const serving = pod?.members.find(
    (member) => member.state === 'running' && member.revision !== number,
  )?.revision;
  return {
    ...partsOf(wish.key),
    location: wish.location,
    host: wish.host,
    repository: wish.repository,
    revision: number,
    commit,
    by: wish.revision.acceptedBy,
    expiresAtMs: wish.expiresAtMs,
    state: observed === 'unknown' ? 'Unknown' : stateOf(wish, pod, containers),
    address: wish.address,
    ports: (group.ipAddress?.ports ?? []).map(({ port, protocol }) => `${port}/${protocol}`),
    published: wish.published,
    ...(sources.private ? { private: sources.private } : {}),
    fqdn: wish.fqdn,
    url: wish.fqdn ? sources.urlOf(wish.fqdn) : '',
    ...(sources.domains?.length ? { domains: sources.domains } : {}),
    containers,
    rate: rate(sizeOf(group), sources.prices),
    bill: bill(sources.intervals, sources.nowMs),
    ...(isolation?.kind === 'isolation' ? { isolation: { level: isolation.level, saw: isolation.saw } } : {}),
    ...(newest?.kind === 'gpu-waits' && wish.wanted === 'running' ? { waitsFor: gpuWaitWords(newest) } : {}),
    ...(waitsForRoom(wish) ? { waitsFor: roomWaited(events) } : {}),
    ...(cause ? { failure: failureView(cause, sources) } : {}),
    ...(isDown && serving !== undefined ? { serving } : {}),
    ...(!isDown && (coming !== undefined || givenUp(sources)) ? { serving: number } : {}),
    ...(coming === undefined ? {} : { coming }),
  };
}

function roomWaited(events: readonly Event[]): string {
  const told = waitingTold(events);
  if (told?.kind === 'evicted') return 'room: it was evicted for a Regular group';
  return roomWaitWords(told ?? { missing: '' });
}

function stateOf(
  wish: Wish,
  pod: ObservedPod | undefined,
  containers: readonly ContainerView[],
): GroupView['state'] {
  if (wish.wanted === 'deleted') return 'Deleting';
  if (wish.wanted === 'stopped') return 'Stopped';
  if (wish.settled === 'Succeeded' || wish.settled === 'Failed') return wish.settled;
  const members = containers.filter((container) => !container.init);
  const up = members.filter(({ state }) => state === 'Running');
  // A revision that has not been ready once is still coming.
  const isComing = wish.settled !== 'Running' && up.some(({ ready }) => !ready);
  return pod?.state === 'running' && up.length && !isComing ? 'Running' : 'Pending';
}

/** Why a later revision, which was tried beside the one that serves, does not run. */
function givenUp({ wish, events }: ViewSources): Cause | undefined {
  if (wish.wanted !== 'running' || triedOf(wish)) return undefined;
  const { number } = wish.revision;
  const last = events.findLast(({ revision, fact }) => revision > number && fact.kind === 'failed')?.fact;
  return last?.kind === 'failed' && last.code !== 'cancelled' ? failureCause(last) : undefined;
}

/** Why a group that came up, or ended, is not well: a container of it ended with an error. */
function exitIn({ wish, runs, events }: ViewSources, pod: ObservedPod | undefined): Cause | undefined {
  const { group, number } = wish.revision;
  const run = wish.wanted === 'running' ? troubleOf(pod, runs) : undefined;
  const own = events.filter(({ revision }) => revision === number);
  return run && exitCause(group, run, [], own);
}

function failureView(cause: Cause, { wish, prices }: ViewSources): FailureView {
  const { code, message, advice, about, exitCode } = cause;
  const mend = mendOf(cause, wish.revision.group, prices);
  return {
    code,
    message,
    advice,
    ...(about.container === undefined ? {} : { container: about.container }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(mend ? { place: { file: wish.revision.path, path: mend.path } } : {}),
    ...(mend?.suggestion ? { suggestion: mend.suggestion } : {}),
  };
}
