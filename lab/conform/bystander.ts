/** A client that has nothing to do with a case and draws by wl_shm all the time: what others suffer shows on it. */
import type { WlBufferProxy } from '../../protocols/generated/wayland.client.ts';
import type { CaseRun } from './case-run.ts';
import type { TestClient } from './test-client.ts';
import type { TestWindow } from './test-window.ts';
import { CaseFailedError } from './verdicts.ts';

const FRAMES_WANTED = 3;

export class Bystander {
  readonly #run: CaseRun;
  readonly #client: TestClient;
  readonly #window: TestWindow;
  readonly #buffers: readonly WlBufferProxy[];
  #frames = 0;

  private constructor(run: CaseRun, client: TestClient, window: TestWindow) {
    this.#run = run;
    this.#client = client;
    this.#window = window;
    this.#buffers = [client.shmBuffer(), client.shmBuffer()];
  }

  /** Resolves when it has been shown. */
  static async start(run: CaseRun): Promise<Bystander> {
    const client = await run.connect();
    const bystander = new Bystander(run, client, await client.openWindow({ explicitSync: false }));
    bystander.#draw();
    await bystander.expectUndisturbed('before anything happened');
    return bystander;
  }

  /** Frames shown so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Fails the case unless it goes on being shown. */
  async expectUndisturbed(when: string): Promise<void> {
    const target = this.#frames + FRAMES_WANTED;
    const { display } = this.#client;
    await this.#run.until(() => this.#frames >= target || !display.open);
    const { error } = this.#client;
    if (error)
      throw new CaseFailedError(
        `another client lost its connection ${when}: ${error.message}`,
        'killed',
      );
    if (this.#frames < target)
      throw new CaseFailedError(`another client got no more frames ${when}`, 'stuck');
  }

  #draw(): void {
    const buffer = this.#buffers[this.#frames % this.#buffers.length];
    if (!buffer || !this.#client.display.open) return;
    this.#window.surface.frame().handler = {
      done: () => {
        this.#frames++;
        this.#draw();
      },
    };
    this.#window.attach(buffer);
    this.#window.surface.commit();
  }
}
