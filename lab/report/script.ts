/** The report's only script; without it everything but the raw results can still be read. */
export const SCRIPT = `
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1));
  const details = target?.closest('details');
  if (!details) return;
  details.open = true;
  target.scrollIntoView();
};
addEventListener('hashchange', reveal);
reveal();
const raw = document.getElementById('raw');
raw.addEventListener('toggle', () => {
  const data = JSON.parse(document.getElementById('report-data').textContent);
  raw.querySelector('pre').textContent = JSON.stringify(data, null, 1);
}, { once: true });
`;
