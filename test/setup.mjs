/**
 * Makes a fresh clone ready: the locked packages are installed, and among them the Node that everything runs on; then the
 * program is made one piece, for the sake of its start.
 *
 *   node test/setup.mjs                 prepares, and says nothing when nothing is to be done
 *   node test/setup.mjs FILE [ARG...]   prepares, then runs FILE with that Node
 *
 * The second form exists because a shell that has looked `node` up once keeps using what it found: in
 * `node test/setup.mjs && node FILE`, a first run would start FILE with the Node that the machine came with.
 *
 * Plain JavaScript without a dependency: this file is read by whatever Node there is, from 20.11 on.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isBuilt } from '../src/built.mjs';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const stampFile = resolve(root, 'node_modules/.katabot-setup');
const packagedNode = resolve(root, 'node_modules/.bin/node');
const NEEDED_NODE = [24, 10];
const NEEDED_GIT = [2, 38];

prepare();
const [file, ...rest] = process.argv.slice(2);
if (file !== undefined) runFile(file, rest);

function prepare() {
  installOnce();
  if (!isBuilt()) build();
}

function installOnce() {
  const lock = readFileSync(resolve(root, 'package-lock.json'));
  const stamp = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  requireGit();
  if (!isInstalled(JSON.parse(lock.toString()))) install();
  if (!existsSync(packagedNode)) requireNode();
  writeFileSync(stampFile, stamp);
}

/** Somebody has run `npm ci` by hand, as a CI service does: then there is nothing left to install. */
function isInstalled(lock) {
  const record = resolve(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const { packages } = JSON.parse(readFileSync(record, 'utf8'));
  return Object.entries(lock.packages).every(
    ([path, wanted]) => path === '' || wanted.optional || packages[path]?.version === wanted.version,
  );
}

function install() {
  process.stderr.write('katabot: installing the locked packages with npm ci, about half a minute ... ');
  const started = Date.now();
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, encoding: 'utf8' });
  if (npm.status !== 0) {
    process.stderr.write(`failed\n${npm.stdout ?? ''}${npm.stderr ?? ''}${npm.error?.message ?? ''}\n`);
    process.exit(1);
  }
  process.stderr.write(`done in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

/** A program that could not be made one piece starts from its sources. */
function build() {
  const node = existsSync(packagedNode) ? packagedNode : process.execPath;
  const { status, stderr } = spawnSync(node, [resolve(root, 'test/build.mjs')], { encoding: 'utf8' });
  if (status !== 0) process.stderr.write(`katabot: starts slowly, for it could not be built:\n${stderr}\n`);
}

function requireGit() {
  const answer = spawnSync('git', ['--version'], { encoding: 'utf8' });
  const version = /(\d+)\.(\d+)/.exec(answer.stdout ?? '');
  if (version && reaches(NEEDED_GIT, version.slice(1).map(Number))) return;
  stop(
    `Katabot hosts repositories with git and needs ${NEEDED_GIT.join('.')} or newer; ` +
      `${version ? `this one is ${version[0]}` : 'there is none in PATH'}. ` +
      'Install it with "apt-get install git" or "brew install git" and start again.',
  );
}

function requireNode() {
  if (reaches(NEEDED_NODE, process.versions.node.split('.').map(Number))) return;
  stop(
    `Katabot runs on Node ${NEEDED_NODE.join('.')} or newer. On Linux it comes with the packages; for ` +
      `${process.platform} on ${process.arch} there is no such package, and the Node in PATH is ${process.versions.node}. ` +
      'Install Node 24 from https://nodejs.org or with your version manager (fnm install 24, nvm install 24, ' +
      'brew install node@24), see that "node --version" tells it, and start again.',
  );
}

function runFile(path, args) {
  process.on('SIGINT', () => {}); // Ctrl-C is for the program, which may have something to clear away
  const node = existsSync(packagedNode) ? packagedNode : process.execPath;
  const { status, signal } = spawnSync(node, [path, ...args], { stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  process.exit(status ?? 1);
}

function reaches([major, minor], [ownMajor = 0, ownMinor = 0]) {
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

function stop(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
