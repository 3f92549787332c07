/** The objects of one kind that each client has bound. */
import type { Client } from '../../protocols/server/client.ts';
import type { Resource } from '../../protocols/server/resource.ts';

/** Forgets a resource when it is destroyed. */
export class ClientResources<T extends Resource> {
  readonly #byClient = new Map<Client, Set<T>>();

  add(resource: T): void {
    const { client } = resource;
    const resources = this.#byClient.get(client) ?? new Set<T>();
    this.#byClient.set(client, resources.add(resource));
    resource.addDestroyListener(() => {
      resources.delete(resource);
      if (resources.size === 0 && this.#byClient.get(client) === resources) {
        this.#byClient.delete(client);
      }
    });
  }

  /** In order of creation. */
  of(client: Client): Iterable<T> {
    return this.#byClient.get(client) ?? [];
  }

  *all(): Iterable<T> {
    for (const resources of this.#byClient.values()) yield* resources;
  }
}
