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

interface Usage {
  readonly group: string;
  readonly container: string;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly gpus: readonly {
    index: number;
    name: string;
    utilizationPercent: number | null;
    memoryUsedMib: number | null;
    memoryTotalMib: number | null;
    temperatureCelsius: number | null;
  }[];
}

/** What containers use now, and the GPUs that they hold. */
export function usageTable(rows: readonly Usage[]): Block[] {
  if (!rows.length) return [{ kind: 'text', text: 'No container runs there.' }];
  const gpus = rows.flatMap((row) => row.gpus.map((gpu) => ({ ...row, gpu })));
  const of = (value: number | null, unit: string) => (value === null ? 'n/a' : `${value} ${unit}`);
  return [
    {
      kind: 'table',
      columns: ['group', 'container', 'vCPU', 'memory', 'of'],
      rows: rows.map(({ group, container, cpuMilli, memoryBytes, memoryLimitBytes }) => [
        group,
        container,
        (cpuMilli / 1000).toFixed(3),
        mebibytes(memoryBytes),
        mebibytes(memoryLimitBytes),
      ]),
    },
    ...(gpus.length
      ? [
          { kind: 'blank' } as const,
          {
            kind: 'table',
            columns: ['group', 'container', 'GPU', 'model', 'load', 'memory', 'temperature'],
            rows: gpus.map(({ group, container, gpu }) => [
              group,
              container,
              String(gpu.index),
              gpu.name,
              of(gpu.utilizationPercent, '%'),
              `${of(gpu.memoryUsedMib, 'MiB')} of ${of(gpu.memoryTotalMib, 'MiB')}`,
              of(gpu.temperatureCelsius, '°C'),
            ]),
          } as const,
        ]
      : [{ kind: 'text', text: 'No group here holds a GPU.' } as const]),
  ];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
