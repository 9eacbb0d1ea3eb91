#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// A door without types: to read the first file with types, Node loads what takes types out, which costs a fifth of a start.
// What was compiled once is kept beside the dependencies, and a command starts in half the time; where that folder may not be
// written, nothing is kept. It counts for what is loaded from here on, so the program itself comes after it.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/katabot'));
await import('./program.ts');
