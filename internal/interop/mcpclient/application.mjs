/** What the SDK wants to know of the application it works for: who it is, and what it remembers. */
export class Application {
  #client;

  #tokens;

  #verifier;

  #discovered;

  constructor(redirectURI) {
    this.redirectUrl = redirectURI;
  }

  get clientMetadata() {
    return {
      client_name: 'interop',
      application_type: 'web', // a native one would have the provider ask its user more than once
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  clientInformation() { return this.#client; }

  saveClientInformation(client) { this.#client = client; }

  tokens() { return this.#tokens; }

  saveTokens(tokens) { this.#tokens = tokens; }

  codeVerifier() { return this.#verifier; }

  saveCodeVerifier(verifier) { this.#verifier = verifier; }

  discoveryState() { return this.#discovered; }

  saveDiscoveryState(state) { this.#discovered = state; }

  /** Where the SDK wants the user to go. */
  authorization;

  redirectToAuthorization(url) { this.authorization = url; }
}
