/**
 * `npm test`: types, style, unused code, then every test. The last line is the count.
 * With arguments only jest runs, and gets them: `npm test -- test/spec --watch`.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const packagedNode = resolve(root, 'node_modules/.bin/node');

// Right after the first install, the shell that started this file still knows the machine's own Node only.
if (Number.parseInt(process.versions.node, 10) < 24 && existsSync(packagedNode)) {
  const again = spawnSync(packagedNode, process.argv.slice(1), { stdio: 'inherit' });
  process.exit(again.status ?? 1);
}

const jestArguments = process.argv.slice(2);
const inMemory = folderInMemory();
const counts = { passed: 0, failed: 0, skipped: 0 };

// An interrupt reaches every program of the terminal; this one waits for jest's clean-up and counts.
process.on('SIGINT', () => {});

if (jestArguments.length === 0) {
  for (const [name, ...args] of [['tsc'], ['biome', 'ci', '--colors=off', '.'], ['knip', '--no-progress']]) {
    counts[(await check(name, args)) ? 'passed' : 'failed'] += 1;
  }
}
await runJest(jestArguments);

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
if (inMemory && readdirSync(inMemory).length === 0) rmdirSync(inMemory);

/** A tool that is content needs one line; one that is not shows all it said. */
async function check(name, args) {
  const started = Date.now();
  const { code, text } = await run(process.execPath, [program(name), ...args], ['ignore', 'pipe', 'pipe']);
  const took = `${((Date.now() - started) / 1000).toFixed(1)} s`;
  process.stdout.write(
    code === 0 ? `ok    ${name} (${took})\n` : `${text.trimEnd()}\nFAIL  ${name} (${took})\n`,
  );
  return code === 0;
}

/** The script behind a package's command, so that it runs under this Node whatever PATH says. */
function program(name) {
  const owner = { tsc: 'typescript', biome: '@biomejs/biome' }[name] ?? name;
  const manifest = JSON.parse(readFileSync(resolve(root, 'node_modules', owner, 'package.json'), 'utf8'));
  return resolve(
    root,
    'node_modules',
    owner,
    typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[name],
  );
}

async function runJest(args) {
  // Among what the tests make: while it is there, no other run that ends takes the folder away.
  const folder = mkdtempSync(join(inMemory ?? tmpdir(), 'katabot-count-'));
  const summaryFile = join(folder, 'summary.json');
  try {
    const flags = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      '--import=./test/exit-at-once.mjs',
      // A suite loads a thousand files anew: with more room for what is young, less of that is copied about.
      '--min-semi-space-size=16',
      '--max-semi-space-size=64',
    ];
    const report = ['--json', `--outputFile=${summaryFile}`];
    const stdio = ['inherit', 'pipe', 'inherit'];
    const { code, text } = await run(
      process.execPath,
      [...flags, program('jest'), ...report, ...args],
      stdio,
    );
    process.stdout.write(text.replace(/^Test results written to: .*\n/m, ''));
    const before = counts.failed;
    if (existsSync(summaryFile)) add(JSON.parse(readFileSync(summaryFile, 'utf8')));
    if (code !== 0 && counts.failed === before) counts.failed += 1; // jest itself broke
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not even be loaded holds no tests to count, so it counts as one. */
function add(summary) {
  counts.passed += summary.numPassedTests;
  counts.failed += summary.numFailedTests + summary.numRuntimeErrorTestSuites;
  counts.skipped += summary.numPendingTests + summary.numTodoTests;
}

/**
 * Databases, repositories and an engine's images are written to be there after a power cut, and thrown away by the tests: where
 * there is memory enough they lie in it, and nobody waits for a disk.
 */
function folderInMemory() {
  const TMPFS = 0x01021994;
  const memory = '/dev/shm';
  if (process.env.TMPDIR || !existsSync(memory)) return undefined;
  const { type, bavail, bsize } = statfsSync(memory);
  if (type !== TMPFS || Math.min(bavail * bsize, freemem()) < 8 * 2 ** 30) return undefined;
  const folder = join(memory, 'katabot');
  mkdirSync(folder, { recursive: true });
  return folder;
}

function run(command, args, stdio) {
  // Some tools take a CI service for a terminal and colour what ends in a log.
  const env = {
    ...process.env,
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
    ...(inMemory ? { TMPDIR: inMemory } : {}),
  };
  const child = spawn(command, args, { cwd: root, stdio, env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
  }
  return new Promise((settle) => {
    child.on('error', (error) => settle({ code: 1, text: error.message }));
    child.on('close', (code) => settle({ code: code ?? 1, text }));
  });
}
