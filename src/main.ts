#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { systemClock } from './clock.ts';
import { readEnvironment, readSettings, settingsPage } from './config.ts';
import { createLog } from './observability/index.ts';
import { runCli } from './surfaces/cli/index.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));
}

process.exitCode = await runCli(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  terminal: process.stdout.isTTY,
  readFile: (path) => readFile(path),
  readInput: async () => Buffer.concat(await Array.fromAsync(process.stdin)),
  bot: readEnvironment(),
  serve,
  tokens: async () => (await import('./app.ts')).openTokens(readEnvironment().dataFolder, systemClock),
  signal: interrupted.signal,
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
  const app = await createApp(settings, {
    clock: systemClock,
    log: createLog(logLevel),
    dataFolder,
    dockerHost,
  });
  await app.start();
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
