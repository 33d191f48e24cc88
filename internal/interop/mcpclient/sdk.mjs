// The two generations of the official SDK, by the protocol version they speak.
const generations = {
  '2025-11-25': async () => {
    const modules = ['client/index.js', 'client/streamableHttp.js', 'client/auth.js'];
    return Object.assign({}, ...await Promise.all(modules.map((path) => import(`@modelcontextprotocol/sdk/${path}`))));
  },
  '2026-07-28': () => import('@modelcontextprotocol/client'),
};

export const load = (version) => generations[version]();

/** The options of a Client that speaks a protocol version. The older generation has no such option, and one version. */
export const speaking = (version) => ({ versionNegotiation: { mode: { pin: version } } });
