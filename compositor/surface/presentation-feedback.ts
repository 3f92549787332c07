/** wp_presentation_feedback: told once what became of a content update. */
import { WpPresentationFeedback } from '../../protocols/generated/presentation-time.server.ts';
import type { WpPresentationFeedbackResource } from '../../protocols/generated/presentation-time.server.ts';
import type { PresentedInfo } from './surface-output.ts';

const NS_PER_SECOND = 1_000_000_000n;
const LOW_32 = 0xffff_ffffn;

/** Answered exactly once: presented or discarded; either destroys the object. */
export class PresentationFeedback {
  #resource: WpPresentationFeedbackResource | null;

  constructor(resource: WpPresentationFeedbackResource) {
    this.#resource = resource;
    resource.addDestroyListener(() => {
      this.#resource = null;
    });
  }

  presented(info: PresentedInfo): void {
    const resource = this.#resource;
    if (!resource) return;
    for (const output of info.output.resourcesOf(resource.client)) {
      WpPresentationFeedback.sendSyncOutput(resource, output);
    }
    const seconds = info.timestampNs / NS_PER_SECOND;
    WpPresentationFeedback.sendPresented(
      resource,
      Number(seconds >> 32n),
      Number(seconds & LOW_32),
      Number(info.timestampNs % NS_PER_SECOND),
      Number(info.refreshNs),
      Number((info.sequence >> 32n) & LOW_32),
      Number(info.sequence & LOW_32),
      info.flags,
    );
    resource.destroy();
  }

  /** The update was superseded, or its surface went, before anybody saw it. */
  discarded(): void {
    const resource = this.#resource;
    if (!resource) return;
    WpPresentationFeedback.sendDiscarded(resource);
    resource.destroy();
  }
}
