/** All clients stop together, those that come meanwhile as well. */
import type { Client } from '../protocols/server/client.ts';
import type { Display } from '../protocols/server/display.ts';

export class ClientHold {
  readonly #display: Display;
  readonly #reason: string;
  #held = false;

  /** `reason`: as of Client.pause, of this hold alone. */
  constructor(display: Display, reason: string) {
    this.#display = display;
    this.#reason = reason;
    display.addClientListener({
      created: (client) => {
        if (this.#held) client.pause(reason);
      },
    });
  }

  /** Their requests are read no more, or again. Idempotent. */
  set(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    for (const client of this.#display.clients) this.#apply(client);
  }

  #apply(client: Client): void {
    if (this.#held) client.pause(this.#reason);
    else client.resume(this.#reason);
  }
}
