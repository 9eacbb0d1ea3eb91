/**
 * `npm run build`: the program in one piece, `dist`, which starts in half the time of its sources. `test/setup.mjs` sees to it
 * that it is made; nobody needs to.
 *
 *   node test/build.mjs [ENTRY FOLDER]   another program of this repository, into another folder
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const [entry = 'src/program.ts', folder = 'dist'] = process.argv.slice(2);

/**
 * A module's `import` of Node's http asks for all that it exports, and with some of that comes `fetch` with all its parts, which
 * a command does not need; `require` takes only what is used.
 */
const requiredHttp = {
  name: 'required-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, () => ({ path: 'http', namespace: 'required' }));
    onLoad({ filter: /.*/, namespace: 'required' }, () => ({
      contents: "module.exports = process.getBuiltinModule('node:http');",
    }));
  },
};

rmSync(resolve(root, folder), { recursive: true, force: true });
await build({
  plugins: [requiredHttp],
  absWorkingDir: root,
  entryPoints: [entry],
  outdir: folder,
  bundle: true,
  splitting: true, // what is loaded later stays apart
  format: 'esm',
  platform: 'node',
  target: 'node24',
  logLevel: 'error', // it would warn of parts that some packages look for and do without
  // Parts that are compiled, which ssh2 does without; and packages that find their own parts while they run.
  external: [
    'cpu-features',
    '*.node',
    '@peculiar/x509',
    '@resvg/resvg-wasm',
    '@slack/bolt',
    'acme-client',
    'probot',
  ],
  // Words of the older modules, which some packages are.
  banner: {
    js: [
      "import { createRequire as requireFrom } from 'node:module';",
      'const require = requireFrom(import.meta.url), __dirname = import.meta.dirname;',
    ].join('\n'),
  },
});
