/** Plays one step; answers in a word what came of it, for the coverage. */
import type { Puppet } from './puppet.ts';
import type { PuppetSurface } from './puppet-window.ts';
import type { Stage } from './stage.ts';
import type { ClientStep, RaceStep, Step, SurfaceStep } from './step.ts';
import { EIO } from '../../native/errno.ts';

const RACE_UEVENT_MS = 25;

export function act(stage: Stage, step: Step): string {
  switch (step.do) {
    case 'connect': {
      if (stage.clients[step.client]) return 'taken';
      return stage.connect(step) ? 'connected' : 'no GPU';
    }
    case 'commit':
      return onSurface(stage, step, (client, surface) =>
        client.commit(surface, step.work, step.skip, step.low),
      );
    case 'submit':
      return stage.clients[step.client]?.submit(step.nth) ?? 'nobody';
    case 'end':
      return stage.clients[step.client]?.end(step.nth, step.errno) ?? 'nobody';
    case 'empty':
    case 'unmap':
    case 'sync':
    case 'desync':
    case 'destroy':
      return onSurface(stage, step, (client, surface) => surfaceStep(step.do, client, surface));
    case 'die':
    case 'renew':
    case 'forget-timelines':
      return clientStep(stage, step);
    case 'unplug':
      return stage.gpus.unplug(step.gpu, step.work, step.ueventMs) ? 'gone' : 'not there';
    case 'plug':
      return stage.gpus.plug(step.gpu, step.ueventMs) ? 'added' : 'is there';
    case 'time':
      stage.advance(step.ms);
      return 'passed';
    case 'fault':
      stage.injectFault(step.operation, step.code, step.times);
      return 'set';
    case 'race':
      stage.race({ operation: step.operation, phase: step.phase, act: () => raceAct(stage, step) });
      return 'set';
  }
}

function onSurface(
  stage: Stage,
  { client: slot, surface: index }: { readonly client: number; readonly surface: number },
  run: (client: Puppet, surface: PuppetSurface) => string,
): string {
  const client = stage.clients[slot];
  if (!client) return 'nobody';
  const surface = client.window.surfaces[index];
  return surface?.model.alive ? run(client, surface) : 'no surface';
}

function surfaceStep(kind: SurfaceStep['do'], client: Puppet, surface: PuppetSurface): string {
  const { subsurface, model } = surface;
  switch (kind) {
    case 'empty':
      return client.commitWithout(surface, undefined);
    case 'unmap':
      return client.commitWithout(surface, null);
    case 'destroy':
      client.destroySurface(surface);
      return 'destroyed';
    case 'sync':
    case 'desync':
      if (!subsurface) return 'no subsurface';
      if (kind === 'sync') subsurface.setSync();
      else subsurface.setDesync();
      model.setMode(kind);
      client.window.display.flush();
      return 'set';
  }
}

function clientStep(stage: Stage, { do: kind, client: slot }: ClientStep): string {
  const client = stage.clients[slot];
  if (!client) return 'nobody';
  if (kind === 'renew') return client.renew();
  if (kind === 'forget-timelines') return client.forgetTimelines();
  stage.kill(slot);
  return 'dead';
}

function raceAct(stage: Stage, { act: kind, client: slot, gpu }: RaceStep): void {
  const client = stage.clients[slot];
  if (kind === 'unplug') stage.gpus.unplug(gpu, 'fail', RACE_UEVENT_MS);
  else if (kind === 'submit') client?.submit(0);
  else client?.end(0, kind === 'fail' ? EIO : 0);
}
