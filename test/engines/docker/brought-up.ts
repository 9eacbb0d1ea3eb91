/** A group on a real engine, made by its steps as the reconciler takes them, and what its containers said. */
import type { Engine, Pod, StepContext } from '../../../src/engines/index.ts';
import { podOf } from '../../../src/reconciler/index.ts';
import { readGroup } from '../../../src/spec/index.ts';
import { wishFor } from '../../reconciler/groups.ts';
import { eventually } from '../../world/bot.ts';

const signal = () => AbortSignal.timeout(50_000);
const context = (): StepContext => ({ signal: signal(), report: async () => {} });

/** The pod of a document, at a network of its own; nothing is made of it yet. */
export function podFor(text: string, subnet: string): Pod {
  const { group, problems } = readGroup(text);
  if (!group) throw new Error(problems.map(({ message }) => message).join('\n'));
  const wish = wishFor({ containers: { web: {} } }, { key: `production/${group.name}`, subnet });
  return podOf({ ...wish, revision: { ...wish.revision, group, images: null } }, undefined, 'pepper');
}

/** The group with all that runs in it started. Rejects as the step does that fails. */
export async function bringUp(engine: Engine, pod: Pod): Promise<Pod> {
  const { images = {} } = await engine.apply({ kind: 'pull', pod }, context());
  const pinned = { ...pod, images };
  await engine.apply({ kind: 'create-sandbox', pod: pinned }, context());
  await startAll(engine, pinned);
  return pinned;
}

export async function startAll(engine: Engine, pod: Pod): Promise<void> {
  const sandboxId = await sandboxOf(engine, pod);
  const containers = pod.group.containers.map(({ name }) => name);
  await engine.apply({ kind: 'start-members', pod, sandboxId, containers }, context());
}

export async function sandboxOf(engine: Engine, { key }: Pod): Promise<string> {
  return (await engine.observe(signal(), key)).get(key)?.pods.at(-1)?.sandboxId ?? '';
}

export async function takeDown(engine: Engine, { key }: Pod): Promise<void> {
  for (const { id } of (await engine.observe(signal(), key)).get(key)?.pods ?? [])
    await engine.apply({ kind: 'remove', key, podId: id, keepVolumes: false }, context());
}

/** What a container printed, once it has said the last word. */
export function said(
  engine: Engine,
  { key }: Pick<Pod, 'key'>,
  container: string,
  last: string,
): Promise<string[]> {
  return eventually(async () => {
    const lines: string[] = [];
    const log = engine.logs({ key, container, follow: false }, signal());
    for await (const { text } of log) lines.push(text);
    if (!lines.includes(last)) throw new Error(`${container} has not said ${last}: ${lines.join('; ')}`);
    return lines;
  }, 20_000);
}

export async function run(engine: Engine, { key }: Pod, container: string, ...command: string[]) {
  const session = await engine.exec({ key, container, command, input: false }, signal());
  let output = '';
  for await (const { bytes } of session.output) output += Buffer.from(bytes).toString();
  return { output: output.trim(), code: await session.exitCode };
}
