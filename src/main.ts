#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { systemClock } from './clock.ts';
import { readEnvironment, readSettings, settingsPage } from './config.ts';
import { systemCodeOf } from './failure.ts';
import { createLog } from './observability/index.ts';
import { runCli, startFailure } from './surfaces/cli/index.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));
}

// In `katabot logs hello --follow | head`, whoever reads has seen enough at some moment. The bot itself goes on.
const unread = new AbortController();
process.stdout.on('error', (error) => {
  if (systemCodeOf(error) !== 'EPIPE') throw error;
  unread.abort();
});

process.exitCode = await runCli(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  terminal: process.stdout.isTTY,
  readFile: (path) => readFile(path),
  readInput: async () => Buffer.concat(await Array.fromAsync(process.stdin)),
  bot: readEnvironment,
  serve,
  tokens,
  signal: AbortSignal.any([interrupted.signal, unread.signal]),
  pages: { settings: settingsPage },
});

/** Runs the bot until it is told to stop. Its parts are loaded here: the rest of the command line starts without them. */
async function serve(): Promise<number> {
  const environment = readEnvironment();
  const settings = readSettings(environment);
  const { dataFolder, dockerHost, logLevel } = environment;
  // What was compiled once is kept beside the dependencies; where that folder may not be written, nothing is kept.
  enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/katabot'));
  const { createApp } = await import('./app.ts');
  const parts = { clock: systemClock, log: createLog(logLevel), dataFolder, dockerHost };
  const app = await createApp(settings, parts).catch((error: unknown) => {
    throw startFailure(error, dataFolder);
  });
  await app.start().catch(async (error: unknown) => {
    await app.close();
    throw startFailure(error, dataFolder);
  });
  process.stdout.write(
    `katabot listens on http://${app.addresses.http} (edge: http://${app.addresses.edge})\n`,
  );
  await new Promise<void>((resolve) => {
    if (interrupted.signal.aborted) resolve();
    interrupted.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await app.close();
  return 0;
}

async function tokens() {
  const { dataFolder } = readEnvironment();
  const { openTokens } = await import('./app.ts');
  return openTokens(dataFolder, systemClock).catch((error: unknown) => {
    throw startFailure(error, dataFolder);
  });
}
