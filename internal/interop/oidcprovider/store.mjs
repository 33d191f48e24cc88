// The store belongs to the process, not to a Provider, so opaque tokens outlive a key rotation; and it never
// evicts, unlike the built-in one. Only what the client credentials grant needs is here.
const records = new Map();

/** What restore takes to know all that is known now, by the process that comes after. */
export const snapshot = () => [...records];

export function restore(saved) {
  saved.forEach(([id, payload]) => records.set(id, payload));
}

/** Adapter keeps the records of one oidc-provider model. */
export class Adapter {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload) {
    records.set(`${this.model}:${id}`, payload);
  }

  async find(id) {
    return records.get(`${this.model}:${id}`);
  }

  async destroy(id) {
    records.delete(`${this.model}:${id}`);
  }
}
