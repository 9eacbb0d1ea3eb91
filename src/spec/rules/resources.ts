import type { Finding } from '../problem.ts';
import type { Container, Group } from '../schema/group.ts';
import { groupSize } from '../size.ts';

/** ACI's largest groups: vCPUs and GB by class. */
const LARGEST: Readonly<Record<string, readonly [number, number]>> = {
  Spot: [4, 16],
  Confidential: [31, 180],
  Standard: [31, 240],
};

/** Steps, limits and totals of processors and memory. */
export function resourceFindings(group: Group): Finding[] {
  const total = groupSize(group);
  const findings = group.containers.flatMap((container, index) =>
    containerFindings(container, `properties.containers[${index}].properties.resources`, total),
  );
  const kind =
    group.priority === 'Spot' ? 'Spot' : group.sku === 'Confidential' ? 'Confidential' : 'Standard';
  const [vcpu = 0, memory = 0] = LARGEST[kind] ?? [];
  if (total.vcpuMilli > vcpu * 1000 || total.memoryGbTenths > memory * 10) {
    findings.push({
      code: 'group-too-large',
      path: 'properties.containers',
      message: `The group requests ${total.vcpuMilli / 1000} vCPU and ${total.memoryGbTenths / 10} GB; ACI’s largest ${kind} group has ${vcpu} vCPU and ${memory} GB.`,
      advice: 'Request less, or split the group.',
    });
  }
  return findings;
}

function containerFindings(
  { resources }: Container,
  path: string,
  total: { vcpuMilli: number; memoryGbTenths: number },
): Finding[] {
  const { requests, limits } = resources;
  return [
    ...stepFindings(requests, `${path}.requests`),
    ...(limits ? stepFindings(limits, `${path}.limits`) : []),
    ...limitFindings('cpu', requests.cpu, limits?.cpu, total.vcpuMilli / 1000, path),
    ...limitFindings('memoryInGB', requests.memoryInGB, limits?.memoryInGB, total.memoryGbTenths / 10, path),
  ];
}

function stepFindings(
  { cpu, memoryInGB }: { cpu?: number | undefined; memoryInGB?: number | undefined },
  path: string,
): Finding[] {
  const findings: Finding[] = [];
  if (cpu !== undefined && !isStep(cpu, 100)) {
    findings.push({
      code: 'cpu-step',
      path: `${path}.cpu`,
      message: `cpu ${cpu} is no step of 0.01.`,
      advice: `Write ${Math.ceil(cpu * 100) / 100}.`,
    });
  }
  if (memoryInGB !== undefined && !isStep(memoryInGB, 10)) {
    findings.push({
      code: 'MemoryRequirementNotTimesOfOneTenthGB',
      path: `${path}.memoryInGB`,
      message: `memoryInGB ${memoryInGB} is no step of 0.1.`,
      advice: `Write ${Math.ceil(memoryInGB * 10) / 10}.`,
    });
  }
  return findings;
}

/** Decimals are not exact in binary; what matters is what was written. */
function isStep(value: number, steps: number): boolean {
  return Math.abs(value * steps - Math.round(value * steps)) < 1e-6;
}

function limitFindings(
  name: string,
  request: number,
  limit: number | undefined,
  total: number,
  path: string,
): Finding[] {
  if (limit === undefined) return [];
  const place = `${path}.limits.${name}`;
  if (limit < request) {
    return [
      {
        code: 'ResourceLimitsLessThanRequests',
        path: place,
        message: `The limit ${limit} is below the request ${request}.`,
        advice: `Write at least ${request}, or remove the limit.`,
      },
    ];
  }
  if (limit <= total + 1e-9) return [];
  return [
    {
      code: 'ContainerLimitGreaterThanContainerGroupTotalRequest',
      path: place,
      message: `The limit ${limit} is above what the whole group requests, ${total}.`,
      advice: `Write at most ${total}, or request more.`,
    },
  ];
}
