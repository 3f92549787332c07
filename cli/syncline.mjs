#!/usr/bin/env node
/** The `syncline` program: sets up the checkout when something changed, then runs the compiled command line. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const status = isCheckout() ? (await import('./setup.mjs')).setUp() : 0;
if (status === 0) {
  const args = process.argv.slice(2);
  const { main } = (await bundled(args[0])) ?? (await import('../dist/cli/main.js'));
  process.exitCode = await main(args);
} else {
  process.exitCode = status;
}

/** An installed package comes built. */
function isCheckout() {
  return process.env.SYNCLINE_NO_SETUP !== '1' && existsSync(pathOf('../package-lock.json'));
}

/** The same from one file, for the command whose start somebody waits for (cli/bundle/bundle.ts). */
async function bundled(command) {
  if (command !== 'compositor') return undefined;
  const { Bundle } = await import('../dist/cli/bundle/bundle.js');
  return Bundle.open(pathOf('../dist/bundle/compositor.cjs'))?.run();
}

function pathOf(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
