// Token exchange (RFC 8693) with oauth4webapi: an agent acts for Alice at another API, and names itself in the token.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { listen } from '../support/person.mjs';
import { version as installed } from '../support/report.mjs';
import { operator } from '../support/world.mjs';

export const name = 'oauth4webapi, token exchange';
export const version = installed('oauth4webapi');
export const did = 'token exchange with delegation: the consent page shows the agent, the token names it in `act`; introspection; what no rule allows';

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const sensors = 'https://sensors.example.test/';
const insecure = { [oauth.allowInsecureRequests]: true };

export async function run(check, { issuer, resource, browser, local }) {
    const added = operator(local, issuer, 'clients', 'add', 'orchestrator', '--kind', 'machine', '--name', 'Orchestrator', '--grant-type', grant);
    operator(local, issuer, 'exchange', 'add', '--actor', 'orchestrator', '--from', resource, '--to', sensors, '--scope', 'read_sensors');
    const [desktop, agent] = [{ client_id: 'claude-desktop' }, { client_id: 'orchestrator' }];
    const secret = oauth.ClientSecretBasic(added.client_secret);
    const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure }));

    const callback = await listen();
    const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
    const tokens = await check('Alice sees the agent and allows it', async () => {
        const url = new URL(as.authorization_endpoint);
        url.search = new URLSearchParams({
            response_type: 'code', client_id: desktop.client_id, redirect_uri: callback.redirectUri, scope: 'notes:read', state, resource,
            code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
        });
        const { landed, saw } = await browser.authorize(url);
        assert.match(saw.join('\n'), /Orchestrator acts for you at/);
        const answer = oauth.validateAuthResponse(as, desktop, landed, state);
        return oauth.processAuthorizationCodeResponse(as, desktop,
            await oauth.authorizationCodeGrantRequest(as, desktop, oauth.None(), answer, callback.redirectUri, verifier, insecure));
    });
    callback.close();

    const exchange = async more => oauth.processGenericTokenEndpointResponse(as, agent, await oauth.genericTokenEndpointRequest(as, agent, secret, grant,
        { subject_token: tokens.access_token, subject_token_type: accessToken, ...more }, insecure));
    await check('genericTokenEndpointRequest: the agent gets a token that names it', async () => {
        const exchanged = await exchange({ resource: sensors, scope: 'read_sensors' });
        assert.equal(exchanged.issued_token_type, accessToken);
        assert.equal(exchanged.refresh_token, undefined);
        const claims = await oauth.validateJwtAccessToken(as,
            new Request(sensors, { headers: { Authorization: `Bearer ${exchanged.access_token}` } }), sensors, insecure);
        assert.deepEqual([claims.client_id, claims.act, claims.scope], ['orchestrator', { sub: 'orchestrator' }, 'read_sensors']);
    });
    await check('another resource, and more scope, are refused', async () => {
        await assert.rejects(exchange({ resource }), { error: 'invalid_request' });
        await assert.rejects(exchange({ resource: sensors, scope: 'notes:read' }), { error: 'invalid_scope' });
    });
}
