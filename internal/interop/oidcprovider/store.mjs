// The store belongs to the process, not to a Provider, so opaque tokens outlive a key rotation; and it never
// evicts, unlike the built-in one. Only what the grants in use need is here.
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
    // MCP clients register with the scope of the first challenge they get, and this server would hold them to it. The
    // scopes of their later requests are for the user to grant.
    const { scope, ...client } = payload;
    records.set(`${this.model}:${id}`, this.model === 'Client' ? client : payload);
  }

  async find(id) {
    return records.get(`${this.model}:${id}`);
  }

  async findByUid(uid) {
    return this.#matching((payload) => payload.uid === uid).map(([, payload]) => payload)[0];
  }

  async consume(id) {
    (await this.find(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    records.delete(`${this.model}:${id}`);
  }

  async revokeByGrantId(grantId) {
    this.#matching((payload) => payload.grantId === grantId).forEach(([id]) => records.delete(id));
  }

  #matching(isMatch) {
    return [...records].filter(([id, payload]) => id.startsWith(`${this.model}:`) && isMatch(payload));
  }
}
