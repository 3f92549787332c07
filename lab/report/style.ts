/** The report's style sheet. */
export const STYLE = `
:root { color-scheme: light dark; --ok: light-dark(#dff3e2, #173a20); --bad: light-dark(#fbe0dd, #4a1c18); --line: light-dark(#ccc, #444); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { border: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
.ok { background: var(--ok); }
.bad { background: var(--bad); }
td ul { margin: 0.2rem 0 0; padding-left: 1.1rem; }
.runs td { text-align: right; font-variant-numeric: tabular-nums; }
.runs td:nth-child(-n + 2) { text-align: left; }
pre { overflow: auto; max-height: 30rem; font-size: 0.8rem; }
`;
