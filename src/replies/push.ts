import type { Published } from '../engines/index.ts';
import type { Effect } from '../event.ts';
import { formatMoney, type Money } from '../metering/index.ts';
import { withPort } from '../network/index.ts';
import { type Change, type Group, hideSecrets, type Problem } from '../spec/index.ts';
import type { Block, Mark, Outcome } from './document.ts';
import { type PrivatePlace, privateText } from './private.ts';

// What the bot says while a branch is checked and brought up.

export function pushHeading(repository: string, environment: string, commit: string): Block {
  return { kind: 'heading', text: `katabot  ${repository} · ${environment} · ${commit.slice(0, 7)}` };
}

export function stage(mark: Mark, label: string, text: string, tookMs?: number): Block {
  return { kind: 'stage', mark, label, text, ...(tookMs === undefined ? {} : { tookMs }) };
}

export function rewindStage(kind: 'force-push' | 'older-commit', previous: string, lost: number): Block {
  const commits = lost === 1 ? '1 commit is' : `${lost} commits are`;
  const text =
    kind === 'force-push'
      ? `force-push: replaces ${previous.slice(0, 7)}; ${commits} no longer on the branch`
      : `goes back from ${previous.slice(0, 7)} to an older commit; ${commits} taken back`;
  return stage('warning', 'history', text);
}

/** `2 containers, 0.5 vCPU, 0.3 GB` */
export function specStage(
  path: string,
  group: Group,
  size: { vcpuMilli: number; memoryGbTenths: number; gpuCount: number },
  tookMs: number,
): Block {
  const count = group.containers.length;
  const parts = [
    `${count} ${count === 1 ? 'container' : 'containers'}`,
    `${size.vcpuMilli / 1000} vCPU`,
    `${size.memoryGbTenths / 10} GB`,
    ...(size.gpuCount ? [`${size.gpuCount} GPU`] : []),
  ];
  return stage('done', path, parts.join(', '), tookMs);
}

export function priceStage({ perSecond, perHour }: { perSecond: Money; perHour: Money }): Block {
  return stage(
    'done',
    'price',
    `${formatMoney(perSecond, { digits: 7 })} /s   ${formatMoney(perHour, { digits: 4 })} /h`,
  );
}

/** How a change reaches what runs: said before it happens. `isBeside`: what serves goes on meanwhile, and nothing of it changes. */
export function changeStage(effect: Effect, changes: readonly Change[], isBeside = false): Block | undefined {
  const fields = outermost(changes.filter((change) => change.effect === effect).map(({ path }) => path));
  const named =
    fields.length > 3 ? `${fields.slice(0, 3).join(', ')} and ${fields.length - 3} more` : fields.join(', ');
  if (isBeside) return stage('done', 'change', `a second sandbox, at an address of its own: ${named}`);
  switch (effect) {
    case 'create':
      return undefined;
    case 'none':
      return stage('done', 'change', 'none');
    case 'in-place':
      return stage('done', 'change', `in place, nothing restarts: ${named}`);
    case 'restart':
      return stage('done', 'change', `restart of the changed containers, the address stays: ${named}`);
    case 'replace':
      return stage('done', 'change', `replace of the whole group: ${named}`);
  }
}

/** A path says all about what lies below it. */
function outermost(paths: readonly string[]): string[] {
  return paths.filter(
    (path) => !paths.some((other) => path.startsWith(`${other}.`) || path.startsWith(`${other}[`)),
  );
}

export function imageStage(
  image: string,
  state: 'present' | 'pulled',
  digest: string,
  tookMs: number,
  foreign?: string,
): Block {
  const pinned = /sha256:([0-9a-f]{12})/.exec(digest)?.[1];
  const notes = [
    state,
    ...(state === 'pulled' && pinned ? [pinned] : []),
    ...(foreign ? [`for ${foreign}`] : []),
  ];
  return stage(foreign ? 'warning' : 'done', 'image', `${image} (${notes.join(', ')})`, tookMs);
}

export function pullProgress(image: string, percent: number): Block {
  return stage('running', 'image', `${image} ${percent} %`);
}

/** `standby`: in a sandbox that had waited for it. */
export function startStage(containers: number, tookMs: number, standby = false): Block {
  const text = `${containers}/${containers} running`;
  return stage('done', 'start', standby ? `${text}, from standby` : text, tookMs);
}

export function isolationStage(isolation: string, runtime: string): Block {
  return isolation === 'none'
    ? stage('warning', 'isolation', `none (${runtime}): development only`)
    : stage('done', 'isolation', `${isolation} (${runtime})`);
}

export function addressStage(
  place: { url: string; published: readonly Published[]; private?: PrivatePlace | undefined },
  probe: { status: number; tookMs: number } | undefined,
): Block {
  const direct = place.published.map(placeText).join(' ');
  if (place.private) return stage('done', 'address', `${direct}   ${privateText(place.private)}`);
  if (!place.url) return stage('done', 'address', direct);
  const answer = probe ? `${probe.status} in ${probe.tookMs} ms` : 'no HTTP answer yet';
  return stage(probe ? 'done' : 'warning', 'address', `${place.url}   ${answer}   (${direct})`);
}

/** `127.20.0.1:80`, or `203.0.113.7:20001 (5432)` where the port at the address is another one than the group's. */
export function placeText({ address, port, hostPort, protocol }: Published): string {
  const place = withPort(address, hostPort);
  const inner = port === hostPort ? '' : ` (${port})`;
  return `${place}${protocol === 'UDP' ? '/udp' : ''}${inner}`;
}

export function problemBlock(problem: Problem, text: string): Block {
  return { kind: 'problem', problem, excerpt: excerptOf(problem, text) };
}

/** A problem of a revision that was accepted before: nobody has its file open. */
export function problemOfRevision({ code, message, advice, severity }: Problem): Block[] {
  const mark = severity === 'error' ? 'failed' : 'warning';
  return [
    stage(mark, code, message),
    ...(advice ? [{ kind: 'text', text: `    → ${advice}` } as const] : []),
  ];
}

/** The line with a caret under the place, and the line before it. Of a long line the part around the place. */
export function excerptOf(
  { line, column, endColumn }: Pick<Problem, 'line' | 'column' | 'endColumn'>,
  text: string,
): string {
  const lines = hideSecrets(text).split(/\r?\n/);
  const width = String(line).length;
  const from = column > EXCERPT_WIDTH - 40 ? column - 40 : 0;
  const shown = [line - 1, line]
    .filter((number) => number >= 1 && lines[number - 1] !== undefined)
    // A tab counts as one column, so it is shown as one.
    .map((number) => [
      number,
      (lines[number - 1] ?? '').slice(from, from + EXCERPT_WIDTH).replace(/\t/g, ' '),
    ])
    .map(([number, part]) => `${String(number).padStart(width)} │ ${part}`.trimEnd());
  const carets = '^'.repeat(Math.max(1, Math.min(80, (endColumn ?? column + 1) - column)));
  return [...shown, `${' '.repeat(width)} │ ${' '.repeat(Math.max(0, column - 1 - from))}${carets}`].join(
    '\n',
  );
}

const EXCERPT_WIDTH = 160;

/** Of a branch that no environment is for. */
export function branchGoesNowhere(
  repository: string,
  branch: string,
  mapped: readonly { readonly branch: string; readonly environment: string }[],
): Outcome {
  const known = mapped.slice(0, 5).map((each) => `${each.branch} to ${each.environment}`);
  return refused(
    'branch-unmapped',
    `${branch} of ${repository} goes to no environment by itself.`,
    `Open a pull request and deploy that.${known.length ? ` Of branches go: ${known.join(', ')}.` : ''}`,
  );
}

export function refused(code: string, message: string, advice: string): Outcome {
  return {
    kind: 'refused',
    code,
    blocks: [
      stage('failed', code, message),
      ...(advice ? [{ kind: 'text', text: `    → ${advice}` } as const] : []),
    ],
    data: { code, message, advice },
  };
}

export function waitingForPush(before: string): Block {
  return stage('running', 'queued', `waiting for the push of ${before}`);
}

export function yourTurn(): Block {
  return stage('running', 'queued', 'your turn');
}

export function optionIgnored(option: string): Block {
  return stage('warning', 'push option', `"${option}" is no command; one begins with /kata`);
}

export function commandHeading(line: string): Block {
  return { kind: 'heading', text: line };
}

export function tagKept(ref: string): Block {
  return stage('done', 'tag', `${ref} is kept; tags deploy nothing`);
}

/** A push without any spec is fine, and says how to begin. */
export function noSpecs(repository: string, environment: string, commit: string): Block {
  return {
    kind: 'text',
    text: `katabot  ${repository} · ${environment} · ${commit.slice(0, 7)}: no containergroup.yaml in the tree, so nothing is deployed`,
  };
}
