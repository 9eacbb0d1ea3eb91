/** Brings what is to what should be. */
export { assess, type Standing } from './assess.ts';
export { adviceWithoutRetry, partedBy } from './beside.ts';
export { createOutsideDns, createServedDns, type Dns } from './dns.ts';
export { createDomains, type DomainState, type Domains } from './domains.ts';
export { createFeed, type Feed } from './feed.ts';
export { lookForGpus, takeGpus, waitingAt } from './gpu-turns.ts';
export { type GpuBook, type GpuHolding, type GpuShortage, gpuClaims, isEver } from './gpus.ts';
export type { Health } from './health.ts';
export { healthOf } from './health.ts';
export { createImageCache, type ImageBook } from './image-cache.ts';
export { cacheBytes } from './images.ts';
export { inTurn } from './in-turn.ts';
export { beginningOf, type KeptLog, type LogArchive } from './kept-logs.ts';
export { createLooker } from './looker.ts';
export { maskOf } from './mask-of.ts';
export type { Names } from './names.ts';
export { podOf } from './pod.ts';
export { promisedTo } from './promised.ts';
export { createQueue, type Queue } from './queue.ts';
export { createReconciler, type Reconciler } from './reconciler.ts';
export { decisiveCode, restartAtMs, restartsAfter } from './restarts.ts';
export { createRoutes, type Routes } from './routes.ts';
export { endedForRestart } from './runs.ts';
export { createStandby, type StandbyPools } from './standby.ts';
export {
  type DesiredState,
  type DrainBook,
  type EventBook,
  isUp,
  type Revision,
  type Run,
  type RunBook,
  type Settled,
  type Spot,
  triedOf,
  type Wish,
  type WishChange,
  type WishDraft,
  waitsForRoom,
} from './wish.ts';
