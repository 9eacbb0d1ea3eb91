#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { BUILT, isBuilt } from './built.mjs';

// A door without types: to read the first file with types, Node loads what takes types out, which costs a fifth of a start.
// What was compiled once is kept beside the dependencies; where that folder may not be written, nothing is kept. It counts for
// what is loaded from here on, so the program itself comes after it: in one piece where that was made, since a thousand files
// are a second of work at every start; else, or when the sources have changed since, from the sources.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/katabot'));
if (isBuilt()) await import(BUILT);
else await import('./program.ts');
