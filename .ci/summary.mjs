/**
 * Prints "N passed, N failed, N skipped" from Vitest's JSON report, counted over the single tests.
 * Exit status 1 when the report is missing, holds no test, contradicts itself, or names a failure.
 */
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);

try {
  process.exitCode = summarize(JSON.parse(readFileSync(file, 'utf8')));
} catch (error) {
  say(`no test report: ${error.message}`);
  process.exitCode = 1;
}

function summarize(report) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const testFile of report.testResults) {
    const results = testFile.assertionResults;
    for (const { status } of results) count[status in count ? status : 'skipped']++;
    // A file that cannot be loaded has no tests to fail.
    if (testFile.status === 'failed' && !results.some(({ status }) => status === 'failed')) {
      say(`${testFile.name}: ${testFile.message || 'failed outside of its tests'}`);
      count.failed++;
    }
  }
  if (count.passed === 0) say('no test passed');
  if (!report.success) say('Vitest reports failure');
  say(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  return count.passed > 0 && count.failed === 0 && report.success ? 0 : 1;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
