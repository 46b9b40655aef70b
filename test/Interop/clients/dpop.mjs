// DPoP as two libraries do it: tokens and grants bound to a key, a nonce where the server wants one, an API of the kit.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { listen } from '../support/person.mjs';
import { freePort, make } from '../support/world.mjs';

export const name = 'oauth4webapi and openid-client, DPoP';
export const version = '3.8.8 and 6.9.0';
export const did = 'DPoP (RFC 9449): client_credentials, code with `dpop_jkt`, refresh, an API; `use_dpop_nonce` and the repeat';

const insecure = { [oauth.allowInsecureRequests]: true };

export async function run(check, { issuer, resource, browser, local }) {
    const desktop = { client_id: 'claude-desktop' };
    const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure }));
    await check('the metadata lists algorithms', () => assert.ok(as.dpop_signing_alg_values_supported.includes('ES256')));
    const keys = await oauth.generateKeyPair('ES256');
    const DPoP = oauth.DPoP(desktop, keys);

    const callback = await listen();
    const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
    const url = new URL(as.authorization_endpoint);
    url.search = new URLSearchParams({
        response_type: 'code', client_id: desktop.client_id, redirect_uri: callback.redirectUri, scope: 'notes:read offline_access', state, resource,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', dpop_jkt: await DPoP.calculateThumbprint(),
    });
    const { landed } = await browser.authorize(url);
    callback.close();
    const answer = oauth.validateAuthResponse(as, desktop, landed, state);
    const tokens = await check('a code for a key becomes tokens bound to it', async () => {
        const tokens = await oauth.processAuthorizationCodeResponse(as, desktop,
            await oauth.authorizationCodeGrantRequest(as, desktop, oauth.None(), answer, callback.redirectUri, verifier, { DPoP, ...insecure }));
        assert.equal(tokens.token_type, 'dpop');
        return tokens;
    });
    const open = (token, more) => oauth.protectedResourceRequest(token, 'POST', new URL(resource), new Headers({
        'content-type': 'application/json', accept: 'application/json, text/event-stream',
    }), JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }), { ...more, ...insecure });
    await check('the MCP server takes the token with a proof', async () => assert.notEqual((await open(tokens.access_token, { DPoP })).status, 401));
    await check('and not as Bearer', async () => {
        const refused = await open(tokens.access_token).catch(error => error);
        assert.equal(refused.cause[0].scheme, 'dpop');
    });
    await check('the key refreshes, another does not', async () => {
        const other = oauth.DPoP(desktop, await oauth.generateKeyPair('ES256'));
        await assert.rejects(async () => oauth.processRefreshTokenResponse(as, desktop,
            await oauth.refreshTokenGrantRequest(as, desktop, oauth.None(), tokens.refresh_token, { DPoP: other, ...insecure })), { error: 'invalid_grant' });
        const next = await oauth.processRefreshTokenResponse(as, desktop,
            await oauth.refreshTokenGrantRequest(as, desktop, oauth.None(), tokens.refresh_token, { DPoP, ...insecure }));
        assert.equal(next.token_type, 'dpop');
    });

    // The same database, with nonces.
    const port = await freePort();
    const strict = { PORT: port, LOCAL: `${local}-nonce`, OAuth__DpopNonce: 'true' };
    await make('run', `http://localhost:${port}/readyz`, strict);
    const etl = { client_id: 'nightly-etl' };
    const secret = oauth.ClientSecretBasic('nightly-etl-secret');
    const own = new URL(`http://localhost:${port}`);
    const server = await oauth.processDiscoveryResponse(own, await oauth.discoveryRequest(own, { algorithm: 'oauth2', ...insecure }));
    await check('oauth4webapi is asked for a nonce, and its repeat is taken', async () => {
        const proof = oauth.DPoP(etl, await oauth.generateKeyPair('PS256'));
        const ask = async () => oauth.processClientCredentialsResponse(server, etl,
            await oauth.clientCredentialsGrantRequest(server, etl, secret, { scope: 'notes:read' }, { DPoP: proof, ...insecure }));
        const asked = await ask().catch(error => error);
        assert.ok(oauth.isDPoPNonceError(asked));
        assert.equal((await ask()).token_type, 'dpop');
    });
    await check('openid-client repeats by itself', async () => {
        const config = await openid.discovery(own, 'nightly-etl', 'nightly-etl-secret', openid.ClientSecretBasic('nightly-etl-secret'),
            { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] });
        const proof = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
        assert.equal((await openid.clientCredentialsGrant(config, { scope: 'notes:read' }, { DPoP: proof })).token_type, 'dpop');
    });
}
