import { type Bill, formatDuration, formatMoney, formatTotal } from '../metering/index.ts';
import type { Block } from './document.ts';

// What things have cost.

/** The bill as in the design: lived, vCPU·s, GB·s, GPU·s, total. */
export function billBlocks(total: Bill): Block[] {
  return [
    {
      kind: 'table',
      columns: ['lived', 'vCPU·s', 'GB·s', 'GPU·s', 'total'],
      rows: [
        [
          formatDuration(total.livedMs),
          total.vcpuSeconds,
          total.memoryGbSeconds,
          total.gpuSeconds,
          formatTotal(total),
        ],
      ],
    },
    ...(total.open
      ? [
          {
            kind: 'text',
            text: `Still running at ${formatMoney(total.ratePerHour, { digits: 4 })} /h.`,
          } as const,
        ]
      : []),
  ];
}

/** The sandboxes of a host that wait for groups. */
export function standbyWords(host: string): string {
  return `standby of ${host}`;
}

/** What was used, summed up by group, environment, repository or caller. */
export function costTable(by: string, bills: readonly { name: string; bill: Bill }[], total: Bill): Block[] {
  if (!bills.length) return [{ kind: 'text', text: 'Nothing has cost anything yet.' }];
  const row = (name: string, each: Bill) => [
    name,
    formatDuration(each.livedMs),
    each.vcpuSeconds,
    each.memoryGbSeconds,
    each.gpuSeconds,
    formatTotal(each),
    each.open ? 'running' : 'ended',
  ];
  return [
    {
      kind: 'table',
      columns: [by, 'lived', 'vCPU·s', 'GB·s', 'GPU·s', 'total', ''],
      rows: [
        ...bills.map(({ name, bill }) => row(name, bill)),
        ...(bills.length > 1 ? [row('together', total)] : []),
      ],
    },
  ];
}
