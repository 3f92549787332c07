#!/usr/bin/env node
/** The `syncline` program: sets up the checkout when something changed, then runs the compiled command line. */
import { setUp } from './setup.mjs';

const status = setUp();
if (status === 0) {
  const { main } = await import('../dist/cli/main.js');
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.exitCode = status;
}
