/** The report as a reader's browser shows it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { renderReport } from '../../../lab/report/html.ts';
import { Chromium, findChromium } from '../../support/chromium.ts';
import { compared } from './compared.ts';

const program = findChromium();
const STRATEGIES = ['single-import', 'ignore-sync', 're-import', 'failover'];
const SCENARIOS = [
  'steady',
  'import-device-removed-while-waiting',
  'client-device-removed-rescued',
];
const START_MS = 60_000;

test.skipIf(program === undefined)(
  `a browser shows it without errors, at desktop and phone width${program ? '' : ' (no chromium: apt-get install chromium)'}`,
  { timeout: 2 * START_MS },
  async () => {
    const { report, timelines } = await compared(STRATEGIES, SCENARIOS, 1);
    const folder = mkdtempSync(join(tmpdir(), 'syncline-report-'));
    const file = join(folder, 'report.html');
    writeFileSync(file, renderReport(report, { timelines }));
    const url = pathToFileURL(file).href;
    const browser = await Chromium.open(program ?? '');
    try {
      for (const [width, height, mobile] of [
        [1280, 900, false],
        [390, 844, true],
      ] as const) {
        await browser.resize(width, height, mobile);
        await browser.navigate(url);
        expect(await browser.evaluate('document.querySelectorAll(".matrix .cell").length')).toBe(
          STRATEGIES.length * SCENARIOS.length,
        );
        expect(await browser.evaluate('document.querySelectorAll(".chart svg").length')).toBe(4);
        expect(await browser.evaluate('document.querySelectorAll("svg.timeline").length')).toBe(
          STRATEGIES.length * SCENARIOS.length,
        );
        // Wide tables and pictures scroll by themselves; the page does not.
        expect(await browser.evaluate('document.documentElement.scrollWidth')).toBe(width);
      }
      expect(
        await browser.evaluate(`(async () => {
          const cell = document.querySelector('.cell.bad a');
          cell.click();
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
          const section = document.getElementById(cell.hash.slice(1));
          const { top } = section.getBoundingClientRect();
          return section.closest('details').open && top >= 0 && top < innerHeight;
        })()`),
      ).toBe(true);
      expect(
        await browser.evaluate(`(async () => {
          const raw = document.getElementById('raw');
          raw.open = true;
          await new Promise((resolve) => raw.addEventListener('toggle', resolve, { once: true }));
          return JSON.parse(raw.querySelector('pre').textContent);
        })()`),
      ).toEqual(JSON.parse(JSON.stringify(report)));
      const colour = 'getComputedStyle(document.body).backgroundColor';
      await browser.setColourScheme('light');
      const light = await browser.evaluate(colour);
      await browser.setColourScheme('dark');
      expect(await browser.evaluate(colour)).not.toBe(light);
      expect(browser.errors).toEqual([]);
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  },
);
