import { formatDuration, formatMoney } from '../metering/index.ts';
import type { Block } from './document.ts';
import { runningOf, type View } from './group.ts';

// Tables of many things.

/** One line a group: where, how, by whom, until when. */
export function listTable(views: readonly View[], nowMs: number): Block[] {
  if (!views.length) return [{ kind: 'text', text: 'There is no such group.' }];
  return [
    {
      kind: 'table',
      columns: ['group', 'environment', 'state', 'running', 'rate', 'by', 'ends'],
      rows: views.map((view) => [
        view.name,
        view.environment,
        view.state,
        runningOf(view),
        `${formatMoney(view.rate.perHour, { digits: 4 })} /h`,
        view.by,
        view.expiresAtMs === null ? '–' : `in ${formatDuration(Math.max(0, view.expiresAtMs - nowMs))}`,
      ]),
    },
  ];
}

interface Release {
  readonly number: number;
  readonly commit: string;
  readonly acceptedBy: string;
  readonly acceptedAtMs: number;
  readonly settled: string | null;
  readonly reason: string;
  readonly rollbackOf: number;
}

/** The revisions of a group, newest first; `wanted` is the one that should run, 0 for none. */
export function historyTable(releases: readonly Release[], wanted: number): Block[] {
  return [
    {
      kind: 'table',
      columns: ['release', 'commit', 'by', 'at', 'went', 'why'],
      rows: releases.map(({ number, commit, acceptedBy, acceptedAtMs, settled, reason, rollbackOf }) => [
        `#${number}${number === wanted ? ' ◂' : ''}`,
        commit ? commit.slice(0, 7) : '–',
        acceptedBy,
        new Date(acceptedAtMs).toISOString().slice(0, 19).replace('T', ' '),
        settled ?? (number === wanted ? 'not yet' : 'never came up'),
        [rollbackOf ? `back to #${rollbackOf}` : '', reason].filter(Boolean).join(': '),
      ]),
    },
  ];
}
