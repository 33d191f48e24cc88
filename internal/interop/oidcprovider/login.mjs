import { text } from 'node:stream/consumers';

import { interactionPolicy } from 'oidc-provider';

const weakestLogin = 'urn:example:loa:1';

/** The policy that has a user log in again if the client asks for a stronger login than that of the session. */
export function loginPolicy() {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  policy.get('login').checks.add(new Check('acr_values', 'a stronger login is required', ({ oidc }) => {
    const wanted = oidc.params.acr_values?.split(' ') ?? [];
    return wanted.length > 0 && !wanted.includes(oidc.acr) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  }));
  return policy;
}

/**
 * The login page. It takes any user's word, and the login is as strong as the client asked for. The form says how many
 * seconds ago it took place, as if the user had logged in elsewhere.
 */
export async function login(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html' })
      .end('<form method="post"><input name="user"><input name="seconds_ago" value="0"><button>Log in</button></form>');
    return;
  }
  const form = new URLSearchParams(await text(request));
  await provider.interactionFinished(request, response, {
    login: {
      accountId: form.get('user'),
      acr: params.acr_values?.split(' ')[0] ?? weakestLogin,
      ts: Math.floor(Date.now() / 1000) - Number(form.get('seconds_ago')),
    },
  });
}
