import * as z from 'zod';
import { classText, type SizeClass } from './standby.ts';

/** How many sandboxes of a class are to wait on each host of a location. */
export interface StandbyWish {
  readonly size: SizeClass;
  readonly count: number;
}

/** ACI: a group publishes at most five ports, and has at most so many vCPUs and GB. */
const MOST_PORTS = 5;
const MOST_CPU = 31;
const MOST_GB = 240;
/** More would keep a host busy with waiting. */
const MOST_WAITING = 50;

const classSchema = z.strictObject({
  size: z
    .int('expected how many sandboxes wait, such as 2')
    .min(1, 'expected at least 1; leave the class out for none')
    .max(MOST_WAITING, `expected at most ${MOST_WAITING}`)
    .meta({ description: 'How many sandboxes wait, on each host of the location.' }),
  cpu: z
    .number('expected vCPUs, such as 1')
    .min(0.01, 'expected at least 0.01')
    .max(MOST_CPU, `expected at most ${MOST_CPU}`)
    .multipleOf(0.01, 'expected hundredths of a vCPU')
    .meta({ description: 'The vCPUs of the largest group that may take one over.' }),
  memoryInGB: z
    .number('expected GB, such as 1.5')
    .min(0.1, 'expected at least 0.1')
    .max(MOST_GB, `expected at most ${MOST_GB}`)
    .multipleOf(0.1, 'expected tenths of a GB')
    .meta({ description: 'The memory of the largest group that may take one over.' }),
  ports: z
    .array(z.int('expected a port, such as 80').min(1).max(65_535, 'expected a port from 1 to 65535'))
    .max(MOST_PORTS, `expected at most ${MOST_PORTS} ports`)
    .refine((ports) => new Set(ports).size === ports.length, 'expected every port once')
    .default([])
    .meta({
      description:
        'The TCP ports that its groups publish, all of them and no other; none for groups without an address.',
    }),
});

/** Settings of a location: the sandboxes that wait there for groups. */
export const standbySchema = z.array(classSchema).superRefine((classes, context) => {
  const before = new Set<string>();
  for (const [index, each] of classes.entries()) {
    const text = classText(sizeOf(each));
    if (before.has(text))
      context.addIssue({
        code: 'custom',
        path: [index],
        message: 'the same class stands above; say how many are to wait in one place',
      });
    before.add(text);
  }
});

/** The settings as the pool is kept by them. */
export function standbyOfLocation(classes: z.infer<typeof standbySchema>): StandbyWish[] {
  return classes.map((each) => ({ size: sizeOf(each), count: each.size }));
}

function sizeOf({ cpu, memoryInGB, ports }: z.infer<typeof classSchema>): SizeClass {
  return {
    vcpuMilli: Math.round(cpu * 1000),
    memoryGbTenths: Math.round(memoryInGB * 10),
    ports: ports.toSorted((one, other) => one - other),
  };
}
