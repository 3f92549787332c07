/** Debian's programs, unmodified, in the headless compositor. */
import { testPrograms } from './apps-judge.ts';

testPrograms('headless', async (session) => {
  const compositor = session.start('headless', []);
  const control = await compositor.controlled();
  return { compositor, control, camera: control };
});
