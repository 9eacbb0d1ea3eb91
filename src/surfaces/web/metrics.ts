import { Counter, Gauge, Registry } from 'prom-client';
import type { Figures } from '../../commands/index.ts';
import { groupKey, partsOf } from '../../event.ts';
import type { Money } from '../../metering/index.ts';
import type { WebContext, WebParts } from './parts.ts';

/** GET /metrics: what there is now, and nothing of what is gone. Every label is a name that somebody has written in a file. */
export async function answerMetrics(
  { figures }: Pick<WebParts, 'figures'>,
  context: WebContext,
): Promise<Response> {
  const registry = registryOf(await figures(context.get('caller')));
  return context.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
}

const OF_GROUP = ['group', 'environment', 'location', 'repository'] as const;
const OF_CONTAINER = ['group', 'environment', 'location', 'container'] as const;
const OF_GPU = [...OF_CONTAINER, 'gpu'] as const;

/** The figures as Prometheus reads them: base units, names that end in their unit. Pure. */
export function registryOf({ groups, used }: Figures): Registry {
  const registry = new Registry();
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: `katabot_${name}`, help, labelNames, registers });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `katabot_${name}`, help, labelNames, registers });

  const state = gauge('group_state', 'The state that a group is in, by ACI’s names: 1.', [
    ...OF_GROUP,
    'state',
  ]);
  const perHour = gauge('group_price_per_hour', 'What a group costs an hour while it runs.', [
    ...OF_GROUP,
    'currency',
  ]);
  const spent = gauge('group_spent', 'What a group has cost so far.', [...OF_GROUP, 'currency']);
  const ready = gauge(
    'container_ready',
    'Whether a container runs and its readiness probe succeeds.',
    OF_CONTAINER,
  );
  const restarts = counter(
    'container_restarts_total',
    'How often a container was started again.',
    OF_CONTAINER,
  );
  for (const view of groups) {
    const { name: group, environment, location, repository } = view;
    const labels = { group, environment, location, repository };
    state.set({ ...labels, state: view.state }, 1);
    perHour.set({ ...labels, currency: view.rate.perHour.currency }, numberOf(view.rate.perHour));
    for (const total of [view.bill.total, ...view.bill.otherTotals])
      spent.set({ ...labels, currency: total.currency }, numberOf(total));
    for (const container of view.containers) {
      const of = { group, environment, location, container: container.name };
      ready.set(of, container.ready ? 1 : 0);
      restarts.inc(of, container.restarts);
    }
  }
  const locations = new Map(groups.map((view) => [groupKey(view.environment, view.name), view.location]));
  const rows = used.map((row): Row => {
    const { environment, name: group } = partsOf(row.key);
    return { ...row, of: { group, environment, location: locations.get(row.key) ?? '' } };
  });
  usageInto(rows, { gauge, counter });
  gpusInto(rows, gauge);
  return registry;
}

type Row = Figures['used'][number] & {
  readonly of: { readonly group: string; readonly environment: string; readonly location: string };
};

interface Makers {
  gauge<Label extends string>(name: string, help: string, labels: readonly Label[]): Gauge<Label>;
  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): Counter<Label>;
}

function usageInto(rows: readonly Row[], { gauge, counter }: Makers): void {
  const cpu = gauge('container_cpu_cores', 'Processors that a container uses now.', OF_CONTAINER);
  const memory = gauge(
    'container_memory_bytes',
    'Memory that a container uses, without caches.',
    OF_CONTAINER,
  );
  const limit = gauge('container_memory_limit_bytes', 'Memory that a container may use.', OF_CONTAINER);
  const processes = gauge('container_processes', 'Processes of a container.', OF_CONTAINER);
  const ofNetwork = ['group', 'environment', 'location'] as const;
  const received = counter(
    'group_network_receive_bytes_total',
    'Bytes that came in since a group’s sandbox started.',
    ofNetwork,
  );
  const sent = counter(
    'group_network_transmit_bytes_total',
    'Bytes that went out since a group’s sandbox started.',
    ofNetwork,
  );
  for (const row of rows) {
    const of = { ...row.of, container: row.container };
    cpu.set(of, row.cpuMilli / 1000);
    memory.set(of, row.memoryBytes);
    limit.set(of, row.memoryLimitBytes);
    processes.set(of, row.processes);
  }
  // The network is the sandbox's: every container of a group tells the same.
  for (const { of, receivedBytes, sentBytes } of new Map(rows.map((row) => [row.key, row])).values()) {
    received.inc(of, receivedBytes);
    sent.inc(of, sentBytes);
  }
}

/** A number that a driver does not give is no zero: it is not there. */
function gpusInto(rows: readonly Row[], gauge: Makers['gauge']): void {
  const set = (name: string, help: string, value: (gpu: Row['gpus'][number]) => number | null) => {
    const metric = gauge(name, help, OF_GPU);
    for (const { of, container, gpus } of rows) {
      for (const gpu of gpus) {
        const number = value(gpu);
        if (number !== null) metric.set({ ...of, container, gpu: gpu.uuid }, number);
      }
    }
  };
  const bytes = (mebibytes: number | null) => (mebibytes === null ? null : mebibytes * 2 ** 20);
  set('gpu_utilization_ratio', 'How busy a GPU is, from 0 to 1.', ({ utilizationPercent: percent }) =>
    percent === null ? null : percent / 100,
  );
  set('gpu_memory_used_bytes', 'Memory in use on a GPU.', ({ memoryUsedMib }) => bytes(memoryUsedMib));
  set('gpu_memory_total_bytes', 'Memory of a GPU.', ({ memoryTotalMib }) => bytes(memoryTotalMib));
  set('gpu_temperature_celsius', 'Temperature of a GPU.', ({ temperatureCelsius }) => temperatureCelsius);
  set('gpu_power_watts', 'What a GPU draws.', ({ powerWatts }) => powerWatts);
}

/** For graphs alone: bills are exact, and come from `katabot cost`. */
function numberOf({ picos }: Money): number {
  return Number(picos) / 1e12;
}
