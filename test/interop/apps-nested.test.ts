/** Debian's programs, unmodified, in the nested compositor: a window of weston's headless backend, and of our own. */
import { testPrograms } from './apps-judge.ts';
import { startWeston } from './apps-weston.ts';

testPrograms('nested in weston', async (session) => {
  await startWeston(session);
  const env = { WAYLAND_DISPLAY: 'weston' };
  const compositor = session.start('nested', ['--backend', 'nested', '--size', '1000x800'], env);
  const control = await compositor.controlled();
  return { compositor, control, camera: control };
});

testPrograms('nested in ourselves', async (session) => {
  const outer = session.start('outer', ['--size', '1000x800']);
  const camera = await outer.controlled();
  const env = { WAYLAND_DISPLAY: outer.name };
  const compositor = session.start('inner', ['--backend', 'nested', '--size', '1000x800'], env);
  const control = await compositor.controlled();
  const { client, surface } = await camera.window();
  await camera.ask('position', { client, surface, x: 0, y: 0 });
  return { compositor, control, camera };
});
