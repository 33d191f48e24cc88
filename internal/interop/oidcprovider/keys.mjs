import { exportJWK, generateKeyPair } from 'jose';

export const algorithms = ['RS256', 'ES256', 'EdDSA'];

const generationOf = ({ kid }) => Number(kid.split('-').at(-1));

/**
 * One fresh private JWK per algorithm; the key IDs carry the generation, so failures are readable. They are none of those
 * before, not even in a process that was started again.
 */
export async function generateKeys(before) {
  const generation = 1 + Math.max(0, ...before.map(generationOf));
  return Promise.all(algorithms.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...await exportJWK(privateKey), alg, use: 'sig', kid: `${alg.toLowerCase()}-${generation}` };
  }));
}
