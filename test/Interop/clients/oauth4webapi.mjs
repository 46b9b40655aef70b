// oauth4webapi: a strict verifier of what the server says, RFC by RFC.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { listen } from '../support/person.mjs';

export const name = 'oauth4webapi';
export const did = 'client_credentials (Basic and post), code with PKCE and `iss`, the same request pushed (RFC 9126), refresh with its end, `validateJwtAccessToken` (RFC 9068), introspection (RFC 7662), revocation (RFC 7009)';

const insecure = { [oauth.allowInsecureRequests]: true };

export async function run(check, { issuer, resource, browser }) {
    const etl = { client_id: 'nightly-etl' };
    const api = { client_id: 'notes-api' };
    const desktop = { client_id: 'claude-desktop' };
    const etlSecret = oauth.ClientSecretBasic('nightly-etl-secret');
    const apiSecret = oauth.ClientSecretBasic('notes-api-secret');

    const as = await check('discovery (RFC 8414)', async () =>
        oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure })));

    const credentials = async auth => oauth.processClientCredentialsResponse(as, etl,
        await oauth.clientCredentialsGrantRequest(as, etl, auth, { scope: 'notes:read', resource }, insecure));
    const introspect = async token => oauth.processIntrospectionResponse(as, api, await oauth.introspectionRequest(as, api, apiSecret, token, insecure));
    const revoke = async (client, auth, token) => oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, insecure));
    const verify = (token, audience = resource) => oauth.validateJwtAccessToken(as,
        new Request(resource, { headers: { Authorization: `Bearer ${token}` } }), audience, insecure);

    const machine = await check('client_credentials with Basic', () => credentials(etlSecret));
    await check('client_credentials with the secret in the body', () => credentials(oauth.ClientSecretPost('nightly-etl-secret')));
    await check('a wrong secret is invalid_client, with a challenge', async () => {
        const refused = await credentials(oauth.ClientSecretBasic('guess')).catch(error => error);
        assert.ok(refused instanceof oauth.WWWAuthenticateChallengeError);
        assert.equal(refused.cause[0].scheme, 'basic');
        assert.equal((await refused.response.json()).error, 'invalid_client');
    });
    await check('validateJwtAccessToken takes the machine\'s token', async () => {
        const claims = await verify(machine.access_token);
        assert.equal(claims.client_id, 'nightly-etl');
        assert.equal(claims.scope, 'notes:read');
    });
    await check('validateJwtAccessToken refuses it for another audience, or changed', async () => {
        await assert.rejects(verify(machine.access_token, 'https://elsewhere.example/'));
        await assert.rejects(verify(machine.access_token.replace(/.{8}$/, 'AAAAAAAA')));
    });
    await check('introspection says active', async () => assert.equal((await introspect(machine.access_token)).active, true));
    await check('revocation; introspection says inactive', async () => {
        await revoke(etl, etlSecret, machine.access_token);
        assert.deepEqual(await introspect(machine.access_token), { active: false });
    });

    const callback = await listen();
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const request = new URLSearchParams({
        response_type: 'code', client_id: desktop.client_id, redirect_uri: callback.redirectUri, scope: 'notes:read offline_access', state, resource,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
    const landed = await check('a person signs in and allows', async () => {
        const url = new URL(as.authorization_endpoint);
        url.search = request;
        const { landed, saw } = await browser.authorize(url);
        assert.match(saw.join('\n'), /Claude Desktop wants access/);
        return landed;
    });
    const answer = await check('validateAuthResponse: state and iss (RFC 9207)', () => oauth.validateAuthResponse(as, desktop, landed, state));
    const tokens = await check('the code is redeemed', async () => oauth.processAuthorizationCodeResponse(as, desktop,
        await oauth.authorizationCodeGrantRequest(as, desktop, oauth.None(), answer, callback.redirectUri, verifier, insecure)));
    await check('the same request, pushed, brings a code whose refresh token says when it ends', async () => {
        const pushed = await oauth.processPushedAuthorizationResponse(as, desktop,
            await oauth.pushedAuthorizationRequest(as, desktop, oauth.None(), request, insecure));
        const url = new URL(as.authorization_endpoint);
        url.search = new URLSearchParams({ client_id: desktop.client_id, request_uri: pushed.request_uri });
        const back = oauth.validateAuthResponse(as, desktop, (await browser.authorize(url)).landed, state);
        const pair = await oauth.processAuthorizationCodeResponse(as, desktop,
            await oauth.authorizationCodeGrantRequest(as, desktop, oauth.None(), back, callback.redirectUri, verifier, insecure));
        assert.ok(0 < pair.refresh_token_timeout && pair.refresh_token_timeout <= pair.authorization_expires_in);
    });
    callback.close();
    await check('validateJwtAccessToken takes the person\'s token', async () =>
        assert.notEqual((await verify(tokens.access_token)).sub, desktop.client_id));

    const next = await check('refresh', async () => oauth.processRefreshTokenResponse(as, desktop,
        await oauth.refreshTokenGrantRequest(as, desktop, oauth.None(), tokens.refresh_token, insecure)));
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    await check('revoking the refresh token ends its access tokens', async () => {
        assert.equal((await introspect(next.access_token)).active, true);
        await revoke(desktop, oauth.None(), next.refresh_token);
        assert.equal((await introspect(next.access_token)).active, false);
        assert.equal((await introspect(tokens.access_token)).active, false);
    });
}
