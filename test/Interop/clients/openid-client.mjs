// openid-client, the strictest about registrations: a secret without client_secret_expires_at, or an answer without iss, is refused.
import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { listen } from '../support/person.mjs';

export const name = 'openid-client';
export const did = 'registration with a secret, code with `state` and `iss`, its request plain and pushed (RFC 9126), refresh, revocation; a person who denies';

const insecure = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };

export async function run(check, { issuer, resource, browser }) {
    const callback = await listen();
    const server = await check('discovery and registration with a secret', () => client.dynamicClientRegistration(new URL(issuer),
        { client_name: 'Strict client', redirect_uris: [callback.redirectUri], token_endpoint_auth_method: 'client_secret_basic' }, undefined, insecure));
    await check('its default discovery, of OpenID Connect, finds the same server', async () => {
        const found = await client.discovery(new URL(issuer), 'nightly-etl', undefined, undefined, { execute: [client.allowInsecureRequests] });
        assert.equal(found.serverMetadata().token_endpoint, server.serverMetadata().token_endpoint);
    });
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const ask = async press => (await browser.authorize(client.buildAuthorizationUrl(server, {
        redirect_uri: callback.redirectUri, scope: 'notes:read offline_access', resource, state, code_challenge_method: 'S256',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
    }), press)).landed;

    await check('Deny leads back with access_denied and iss', async () => {
        const landed = await ask('Deny');
        assert.equal(landed.searchParams.get('iss'), issuer);
        await assert.rejects(client.authorizationCodeGrant(server, landed, { pkceCodeVerifier: verifier, expectedState: state }), { error: 'access_denied' });
    });
    const tokens = await check('Allow leads back with a code, which becomes a token', async () =>
        client.authorizationCodeGrant(server, await ask('Allow'), { pkceCodeVerifier: verifier, expectedState: state }));
    await check('a pushed request leads back with a code, too', async () => {
        const url = await client.buildAuthorizationUrlWithPAR(server, {
            redirect_uri: callback.redirectUri, scope: 'notes:read', resource, state, code_challenge_method: 'S256',
            code_challenge: await client.calculatePKCECodeChallenge(verifier),
        });
        assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
        const { landed } = await browser.authorize(url);
        await client.authorizationCodeGrant(server, landed, { pkceCodeVerifier: verifier, expectedState: state });
    });
    callback.close();
    const next = await check('refresh', () => client.refreshTokenGrant(server, tokens.refresh_token));
    await check('revoked, it refreshes no more', async () => {
        await client.tokenRevocation(server, next.refresh_token);
        await assert.rejects(client.refreshTokenGrant(server, next.refresh_token), { error: 'invalid_grant', status: 400 });
    });
}
