/** What the bot says: one function an outcome, giving a small document. No other chapter holds sentences for people. */

export * from './approvals.ts';
export * from './aside.ts';
export * from './audit.ts';
export * from './callers.ts';
export { type ChartSeries, chart } from './chart/index.ts';
export * from './cost.ts';
export * from './decisions.ts';
export type { Block, Outcome } from './document.ts';
export * from './domains.ts';
export * from './drain.ts';
export * from './failure.ts';
export * from './gpus.ts';
export * from './group.ts';
export * from './hosts.ts';
export * from './lists.ts';
export * from './operate.ts';
export * from './outcomes.ts';
export * from './people.ts';
export { type Drawing, drawLive, drawPlain, plainText } from './plain.ts';
export * from './plan.ts';
export * from './private.ts';
export * from './progress.ts';
export * from './pull.ts';
export * from './push.ts';
export * from './room.ts';
export * from './secrets.ts';
export * from './slack.ts';
export * from './tokens.ts';
export * from './update.ts';
export {
  type DeviceView,
  type LoadPoint,
  type Saving,
  type Silence,
  type UsagePoint,
  usageBlocks,
  type WaitingView,
} from './usage.ts';
