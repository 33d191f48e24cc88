import { exportJWK, generateKeyPair } from 'jose';

export const algorithms = ['RS256', 'ES256', 'EdDSA'];

let generation = 0;

/** One fresh private JWK per algorithm; the key IDs carry the generation, so failures are readable. */
export async function generateKeys() {
  generation += 1;
  return Promise.all(algorithms.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...await exportJWK(privateKey), alg, use: 'sig', kid: `${alg.toLowerCase()}-${generation}` };
  }));
}
