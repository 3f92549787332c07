/** The command line: finds the command's file, lets it parse and run, turns errors into exit statuses. */
import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import {
  CannotRunError,
  EXIT_CANNOT_RUN,
  EXIT_CASE_FAILED,
  EXIT_NO_READER,
  EXIT_USAGE,
} from './exit-status.ts';

/** One line a command. Each is loaded only when called (or for --help), so that starting one does not pay for the others. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  compare: async () => (await import('./compare.ts')).compareCommand(),
  conform: async () => (await import('./conform.ts')).conformCommand(),
  client: async () => (await import('./client.ts')).clientCommand(),
  explore: async () => (await import('./explore.ts')).exploreCommand(),
  devices: async () => (await import('./devices.ts')).devicesCommand(),
  compositor: async () => (await import('./compositor.ts')).compositorCommand(),
  kernel: async () => (await import('./kernel.ts')).kernelCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
  fuzz: async () => (await import('./fuzz.ts')).fuzzCommand(),
  scan: async () => (await import('./scan.ts')).scanCommand(),
};

/**
 * Runs one command line (without node and script) and resolves to the exit status. A command that wants another status than 0 sets
 * `process.exitCode` or throws.
 */
export async function main(args: readonly string[]): Promise<number> {
  endWithoutReader();
  try {
    const program = await buildProgram(args[0]);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return statusOf(error);
  }
}

/**
 * `syncline … | head`: who has seen enough goes, and we end as other programs do then. A command with something to give back listens
 * itself. Of what is said on stderr nothing depends on its reader.
 */
function endWithoutReader(): void {
  if (process.stdout.listenerCount('error') > 0) return;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (process.stdout.listenerCount('error') === 1) process.exit(EXIT_NO_READER);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

async function buildProgram(name: string | undefined): Promise<Command> {
  const program = new Command('syncline')
    .description('Explicit sync that survives GPU hot-unplug: compositor, lab and tools')
    .version(packageVersion())
    .enablePositionalOptions()
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride();
  for (const load of commandsFor(name)) {
    program.addCommand((await load()).copyInheritedSettings(program));
  }
  return program;
}

/** All of them for --help and for what is none of them. */
function commandsFor(name: string | undefined): readonly (() => Promise<Command>)[] {
  const known = name === undefined ? undefined : COMMANDS[name];
  if (known) return [known];
  return name === '--version' || name === '-V' ? [] : Object.values(COMMANDS);
}

function statusOf(error: unknown): number {
  // Thrown by a command at work. Commander prints, and turns into its own error, only what an option's parser throws.
  if (error instanceof InvalidArgumentError) {
    process.stderr.write(`syncline: ${error.message}\n`);
    return EXIT_USAGE;
  }
  if (error instanceof CommanderError) {
    // Commander has printed its message; --help and --version come this way too, with status 0.
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  if (error instanceof CannotRunError) {
    process.stderr.write(`syncline: ${error.message}\n`);
    return EXIT_CANNOT_RUN;
  }
  process.stderr.write(
    `syncline: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT_CASE_FAILED;
}

/** This file runs compiled, in dist/cli, and from source. */
function packageVersion(): string {
  const besideSource = new URL('../package.json', import.meta.url);
  const file = existsSync(besideSource)
    ? besideSource
    : new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
